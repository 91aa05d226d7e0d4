#ifndef TRANSFER_REPACK_H
#define TRANSFER_REPACK_H

#include "store/pack_write.h"
#include "store/store.h"
#include "transfer/marks.h"

/*
 * Copies objects of the store into new packs, which are made in its folder
 * for temporary files: always the same ones for the same objects in the same
 * order.  Frames all of whose objects are wanted are copied as they are.
 */
struct repack;

struct repack_options {
	enum object_class class;
	uint64_t nonce;		/* makes names differ */
	bool scratch;		/* the packs need not survive a crash */
	/* A pack is finished; it is the callee's.  From another thread. */
	int (*finished)(void *data, struct pack *pack);
	void *data;
};

/* Give back with repack_free(), also after a failure. */
int repack_open(struct store *store, struct store_reader *reader,
		const struct repack_options *o, struct repack **out);
/* The marked objects of one pack. */
int repack_mark(struct repack *r, const struct mark *k);
/* One object, from whatever copy the store likes best. */
int repack_object(struct repack *r, enum object_class class,
		  const struct dv_id *id);
int repack_finish(struct repack *r);
/* For finished(): takes the pack into the store.  *id: its id. */
int repack_adopt(struct store *s, struct pack *pack, struct dv_id *id);
void repack_free(struct repack *r);

#endif
