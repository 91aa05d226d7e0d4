#ifndef GIT_SHA1_H
#define GIT_SHA1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SHA-1, for one purpose: the id git gives to the bytes of a pointer file.
 * Nothing relies on its strength.
 */
#define SHA1_SIZE	20

/* The id of a blob of these bytes. */
void sha1_blob(const void *data, size_t len, uint8_t id[SHA1_SIZE]);

/* Reads 40 hex digits; what follows is not looked at. */
bool sha1_from_hex(const char *hex, uint8_t id[SHA1_SIZE]);

#endif
