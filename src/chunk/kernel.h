#ifndef CHUNK_KERNEL_H
#define CHUNK_KERNEL_H

#include <stdbool.h>

/*
 * Which code may run.  The fast kernels give the same results as the plain
 * ones; DV_KERNEL in the environment lets tests (and people with doubts
 * about a CPU) choose:
 *
 *	scalar	no vector code at all; ids by OpenSSL
 *	openssl	ids by OpenSSL, cuts as fast as can be
 *	avx2	ids and cuts by AVX2 even where the CPU has SHA-NI and AVX-512
 *
 * It is read once, at the first use.
 */
enum kernel_wish {
	KERNEL_BEST = 0,
	KERNEL_SCALAR,
	KERNEL_OPENSSL,
	KERNEL_AVX2,
};

enum kernel_wish kernel_wish(void);

/* What this CPU (and its operating system) can run. */
bool cpu_has_avx2(void);
/* And is not slower for it: those that came before VBMI lower their clock. */
bool cpu_has_avx512(void);
bool cpu_has_sha_ni(void);

#endif
