/*
 * The rounds of SHA-256 over vectors: one has the same word of all messages.
 * Written from FIPS 180-4, whose names it uses.  A kernel names its
 * instructions and includes this once:
 *
 *	VECTOR			the type
 *	INLINE			how its functions are declared
 *	LANES			messages
 *	ADD, SHIFT, ROTATE	right ones, of each word
 *	XOR3, CHOOSE, MAJORITY	functions of three words
 *	SAME(n)			n in all lanes
 *	load_words(at, w)	a block of each message, as numbers
 */
#ifdef VECTOR

INLINE VECTOR big_sigma0(VECTOR x)
{
	return XOR3(ROTATE(x, 2), ROTATE(x, 13), ROTATE(x, 22));
}

INLINE VECTOR big_sigma1(VECTOR x)
{
	return XOR3(ROTATE(x, 6), ROTATE(x, 11), ROTATE(x, 25));
}

INLINE VECTOR small_sigma0(VECTOR x)
{
	return XOR3(ROTATE(x, 7), ROTATE(x, 18), SHIFT(x, 3));
}

INLINE VECTOR small_sigma1(VECTOR x)
{
	return XOR3(ROTATE(x, 17), ROTATE(x, 19), SHIFT(x, 10));
}

/* Round i; the roles of the eight state words go round instead of them. */
INLINE void sha_round(VECTOR s[8], int i, VECTOR word)
{
	const VECTOR k = SAME(sha256_constants[i]);
	VECTOR a = s[(0 - i) & 7], b = s[(1 - i) & 7], c = s[(2 - i) & 7];
	VECTOR e = s[(4 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7];
	VECTOR t = ADD(ADD(s[(7 - i) & 7], ADD(k, word)),
		       ADD(CHOOSE(e, f, g), big_sigma1(e)));

	s[(3 - i) & 7] = ADD(s[(3 - i) & 7], t);
	s[(7 - i) & 7] = ADD(t, ADD(big_sigma0(a), MAJORITY(a, b, c)));
}

INLINE void block(VECTOR state[8], const uint8_t *const at[LANES])
{
	VECTOR s[8], w[16];

#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		s[i] = state[i];
	load_words(at, w);
	for (int base = 0; base < 64; base += 16) {
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			if (base)
				w[i] = ADD(ADD(w[i],
					       small_sigma0(w[(i + 1) & 15])),
					   ADD(w[(i + 9) & 15],
					       small_sigma1(w[(i + 14) & 15])));
			sha_round(s, base + i, w[i]);
		}
	}
#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		state[i] = ADD(state[i], s[i]);
}

#endif
