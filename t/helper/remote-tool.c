/*
 * One operation on a remote, for tests of src/remote without the rest of dv.
 *
 *	remote-tool [-o key=value]... [-c user:password] [-b folder] [-v]
 *		<url> <operation> [argument]...
 *
 *	stat <name>			prints the size
 *	get <name> [offset length]	writes the bytes to standard output
 *	put <name> <file> [offset length]
 *	putmem <name> <file>		the same from memory
 *	list <prefix>			prints "<size> <name>" lines
 *	remove <name>
 *	key				prints remote_key()
 *	many <threads> <count> <size>	each thread puts and gets so many
 *					objects and compares what comes back
 *
 * -o sets a setting, -c answers for git credential ("credential: <action>
 * <url>" on standard error), -b is what relative paths are relative to, -v
 * says how many requests there were.  A failure prints "<code>: <text>" and
 * "hint: <hint>" and exits with 1.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/error.h"
#include "dv/progress.h"

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "remote/remote.h"

#define SETTINGS_MAX	32

static char *settings[SETTINGS_MAX];
static int setting_count;
static const char *login;
static int verbose;
static int64_t sent_bytes;

static const char *lookup(void *data, const char *key)
{
	size_t len = strlen(key);

	(void)data;
	for (int i = 0; i < setting_count; i++) {
		if (!strncmp(settings[i], key, len) &&
		    settings[i][len] == '=')
			return settings[i] + len + 1;
	}
	return NULL;
}

static int credential(void *data, const char *action, const char *url,
		      char **user, char **password)
{
	const char *colon = login ? strchr(login, ':') : NULL;

	(void)data;
	fprintf(stderr, "credential: %s %s\n", action, url);
	if (strcmp(action, "fill"))
		return 0;
	if (!colon)
		return dv_fail(DV_E_AUTH, "git credential has nothing");
	*user = xstrdup(login);
	(*user)[colon - login] = '\0';
	*password = xstrdup(colon + 1);
	return 0;
}

static void on_signal(int number)
{
	(void)number;
	dv_cancel();
}

static const char *code_name(int code)
{
	static const char *const names[] = {
		"OK", "IO", "NOTFOUND", "CORRUPT", "INVALID", "NOMEM",
		"EXISTS", "CHANGED", "LOCKED", "AUTH", "NETWORK",
		"INTERRUPTED", "UNSUPPORTED", "NOSPACE", "INCOMPLETE",
	};

	return code <= 0 && -code < 15 ? names[-code] : "?";
}

static int to_stdout(void *data, const uint8_t *bytes, size_t len)
{
	(void)data;
	return file_write_all(1, bytes, len, "standard output");
}

static int print_name(void *data, const char *name, uint64_t size,
		      int64_t modified)
{
	(void)modified;
	(void)data;
	printf("%" PRIu64 " %s\n", size, name);
	return 0;
}

static void count_sent(void *data, int64_t bytes)
{
	(void)data;
	__atomic_add_fetch(&sent_bytes, bytes, __ATOMIC_RELAXED);
}

static int put_file(struct remote *r, int argc, char **argv, int in_memory)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct remote_source source = { .fd = -1 };
	int err;

	source.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (source.fd < 0)
		return dv_fail_errno("%s", argv[1]);
	source.len = lseek(source.fd, 0, SEEK_END);
	if (argc >= 4) {
		source.offset = strtoull(argv[2], NULL, 10);
		source.len = strtoull(argv[3], NULL, 10);
	}
	if (in_memory) {
		err = file_read(argv[1], (size_t)1 << 30, &bytes);
		if (err)
			return err;
		source.bytes = (const uint8_t *)bytes.data;
	}
	err = remote_put(r, argv[0], &source, count_sent, NULL);
	close(source.fd);
	if (!err && sent_bytes != (int64_t)source.len)
		return dv_fail(DV_E_INVALID, "told of %lld bytes, not %llu",
			       (long long)sent_bytes,
			       (unsigned long long)source.len);
	return err;
}

/* --- many -------------------------------------------------------------- */

struct many {
	struct remote *r;
	unsigned count;
	size_t size;
};

static int put_and_get(struct many *m, unsigned worker, unsigned number)
{
	DV_AUTO_BUF struct buf sent = BUF_INIT;
	DV_AUTO_BUF struct buf got = BUF_INIT;
	struct remote_source source = { .fd = -1, .len = m->size };
	uint64_t size = 0;
	char name[64];
	int err;

	snprintf(name, sizeof(name), "many/%02x/%u", worker, number);
	buf_reserve(&sent, m->size);
	random_bytes(sent.data, m->size);
	buf_setlen(&sent, m->size);
	source.bytes = (const uint8_t *)sent.data;
	err = remote_put(m->r, name, &source, count_sent, NULL);
	if (!err)
		err = remote_stat(m->r, name, &size);
	if (!err)
		err = remote_get_buf(m->r, name, 0, UINT64_MAX, m->size,
				     &got);
	if (!err && (size != m->size || got.len != sent.len ||
		     memcmp(got.data, sent.data, sent.len)))
		err = dv_fail(DV_E_CORRUPT, "%s: came back different", name);
	return err;
}

static int many_worker(struct crew *crew, unsigned worker, void *data)
{
	struct many *m = data;
	int err = 0;

	for (unsigned i = 0; i < m->count && !err && !crew_failed(crew); i++)
		err = put_and_get(m, worker, i);
	return err;
}

/* --- the operations ---------------------------------------------------- */

static int operate(struct remote *r, const char *what, int argc, char **argv)
{
	const struct remote_sink sink = { .write = to_stdout };
	uint64_t size;
	int err;

	if (!strcmp(what, "stat") && argc == 1) {
		err = remote_stat(r, argv[0], &size);
		if (!err)
			printf("%" PRIu64 "\n", size);
		return err;
	}
	if (!strcmp(what, "get") && argc == 1)
		return remote_get(r, argv[0], 0, UINT64_MAX, &sink);
	if (!strcmp(what, "get") && argc == 3)
		return remote_get(r, argv[0], strtoull(argv[1], NULL, 10),
				  strcmp(argv[2], "-") ?
				  strtoull(argv[2], NULL, 10) : UINT64_MAX,
				  &sink);
	if (!strcmp(what, "put") && argc >= 2)
		return put_file(r, argc, argv, 0);
	if (!strcmp(what, "putmem") && argc == 2)
		return put_file(r, argc, argv, 1);
	if (!strcmp(what, "list") && argc == 1)
		return remote_list(r, argv[0], print_name, NULL);
	if (!strcmp(what, "remove") && argc == 1)
		return remote_remove(r, argv[0]);
	if (!strcmp(what, "key") && argc == 0) {
		struct dv_id id;
		char hex[DV_ID_HEX + 1];

		remote_key(r, &id);
		dv_id_to_hex(&id, hex);
		puts(hex);
		return 0;
	}
	if (!strcmp(what, "many") && argc == 3) {
		struct many m = { r, atoi(argv[1]), atoi(argv[2]) };

		return crew_run(atoi(argv[0]), many_worker, &m);
	}
	return dv_fail(DV_E_INVALID, "no such operation: %s", what);
}

int main(int argc, char **argv)
{
	struct remote_options o = {
		.name = "test",
		.base_dir = "/",
		.setting = lookup,
	};
	struct remote *r;
	int option, err;

	while ((option = getopt(argc, argv, "+o:c:b:v")) != -1) {
		if (option == 'o' && setting_count < SETTINGS_MAX)
			settings[setting_count++] = optarg;
		else if (option == 'c')
			login = optarg;
		else if (option == 'b')
			o.base_dir = optarg;
		else if (option == 'v')
			verbose = 1;
		else
			return 129;
	}
	if (argc - optind < 2)
		return 129;
	o.url = argv[optind];
	o.credential = login ? credential : NULL;
	signal(SIGINT, on_signal);
	err = remote_open(&o, &r);
	if (!err) {
		err = operate(r, argv[optind + 1], argc - optind - 2,
			      argv + optind + 2);
		if (verbose)
			fprintf(stderr, "requests: %" PRIu64 "\n",
				remote_requests(r));
	}
	if (err) {
		fprintf(stderr, "%s: %s\n", code_name(err), dv_error_text());
		if (*dv_error_hint())
			fprintf(stderr, "hint: %s\n", dv_error_hint());
	}
	if (r)
		remote_close(r);
	return err ? 1 : 0;
}
