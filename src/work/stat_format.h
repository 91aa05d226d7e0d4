#ifndef WORK_STAT_FORMAT_H
#define WORK_STAT_FORMAT_H

/*
 * How a stat index lies in its file (dvformat-stat-index(5)); for
 * stat_index.c, stat_write.c and stat_rewrite.c alone.
 *
 *	header	128 bytes: "DVST" 1 0 0 0 | id[32] of the pointer | id[32]
 *		stored | u32 flags | u32 dirs | u32 rows | u32 length of the
 *		tracked path | u64 files | u64 size | u64 length of names |
 *		u64 0 | u64 XXH3-64 of the 120 bytes before
 *	dirs	48 bytes each: i64 mtime | i64 ctime | u64 inode | u64 path |
 *		u32 length of path | u32 parent | u32 first row | u32 rows
 *	rows	40 bytes each: i64 mtime | i64 ctime | u64 inode | u64 size,
 *		for directories their number | u32 name | u16 length of name
 *		| u8 type | u8 flags
 *	ids	32 bytes for each row
 *	names	the tracked path, names of rows, paths of directories, each
 *		followed by a 0
 *	check	u64: XXH3-64 of the XXH3-64s of all between header and here,
 *		in blocks of STAT_BLOCK bytes
 *
 * What is looked at in a clean tree (rows) lies apart from what is not (ids).
 */
#define STAT_MAGIC	"DVST\1\0\0"	/* eight bytes with the final 0 */
#define STAT_HEADER	128
#define STAT_DIR	48
#define STAT_ROW	40
#define STAT_BLOCK	((size_t)1 << 20)

#define STAT_COMPLETE	1u	/* header flags */

#define STAT_EXECUTABLE	1u	/* row flags */
#define STAT_RACY	2u
#define STAT_LIST	4u

#endif
