#ifndef CLI_HUMAN_H
#define CLI_HUMAN_H

#include <stdint.h>

/* Numbers as people read them; each returns `out`. */
#define HUMAN_SIZE 32

/* Bytes: "512 B", "12.3 MiB". */
const char *human_bytes(uint64_t bytes, char out[HUMAN_SIZE]);
/* Seconds: "8s", "3m12s", "2h05m". */
const char *human_time(double seconds, char out[HUMAN_SIZE]);
/* "file" or "files". */
const char *human_plural(uint64_t count, const char *one, const char *many);

#endif
