#include "chunk/probe.h"

#include <stdbool.h>
#include <string.h>

/*
 * The sample: windows spread evenly over the bytes, each beginning at a
 * multiple of 8 so that the planes of numbers stay apart.
 */
#define WINDOWS		32
#define WINDOW		128	/* bytes */
#define SAMPLE_MOST	(WINDOWS * WINDOW)
#define PLANES		8

/*
 * Two bytes picked from the sample are equal in 1 of 256 cases when all are
 * equally frequent.  For a full sample of such bytes the measured share is
 * within 0.6 % of that in two of three cases; 5 % above it are 0.1 bits a
 * byte, less than what makes a frame worth compressing.
 */
#define FLAT_BELOW	1.05
#define FLAT_NEARLY	1.5
/*
 * The glance: 512 bytes make 511 equal pairs when all are equally frequent,
 * give or take 23; numbers and text have several times as many.
 */
#define GLANCES		16
#define GLANCE		32	/* bytes */
#define PAIRS_FLAT	580
#define LN2		0.69314718055994531
/*
 * Bits a byte that planes must save to be worth a trial, and more of them to
 * be worth it beside fewer.
 */
#define PLANES_WORTH	0.20
#define MORE_WORTH	0.12

struct sample {
	uint32_t counts[PLANES][256];
	uint32_t plane_len[PLANES];
	uint32_t len;
	uint32_t text;		/* bytes that are usual in text */
};

static bool is_text(uint8_t b)
{
	return (b >= 0x20 && b < 0x7f) || b == '\n' || b == '\t' || b == '\r';
}

static void take_window(struct sample *s, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		s->counts[i % PLANES][data[i]]++;
		s->plane_len[i % PLANES]++;
		s->text += is_text(data[i]);
	}
	s->len += len;
}

static void take_sample(struct sample *s, const uint8_t *data, size_t len)
{
	memset(s, 0, sizeof(*s));
	if (len <= SAMPLE_MOST) {
		take_window(s, data, len);
		return;
	}
	for (size_t w = 0; w < WINDOWS; w++) {
		size_t at = (len - WINDOW) / (WINDOWS - 1) * w;

		take_window(s, data + at / PLANES * PLANES, WINDOW);
	}
}

/* 1 for bytes that are equally frequent, 256 when all are the same. */
static double collisions(const struct sample *s)
{
	double pairs = 0, n = s->len;

	for (int b = 0; b < 256; b++) {
		double c = 0;

		for (int p = 0; p < PLANES; p++)
			c += s->counts[p][b];
		pairs += c * (c - 1);
	}
	return n > 1 ? pairs * 256 / (n * (n - 1)) : 256;
}

/*
 * By the series of 2 atanh((m - 1) / (m + 1)) / ln 2, to 2e-5; so that nobody
 * has to link the mathematics library for a guess.
 */
static double log2_of(uint32_t n)
{
	int whole = 31 - __builtin_clz(n);
	double m = (double)n / (UINT32_C(1) << whole);
	double t = (m - 1) / (m + 1), t2 = t * t;

	return whole + 2 / LN2 * t *
		(1 + t2 * (1.0 / 3 + t2 * (1.0 / 5 + t2 * (1.0 / 7))));
}

/*
 * Bits a byte of the planes in `mask` taken together.  A small sample makes
 * bytes look less random than they are; the last term (Miller and Madow)
 * makes up for it, so that planes do not win merely by being smaller.
 */
static double entropy(const struct sample *s, unsigned mask, double *weight)
{
	uint32_t n = 0;
	double bits = 0;
	int kinds = 0;

	for (int p = 0; p < PLANES; p++)
		if (mask & 1u << p)
			n += s->plane_len[p];
	*weight = (double)n / s->len;
	for (int b = 0; b < 256; b++) {
		uint32_t c = 0;

		for (int p = 0; p < PLANES; p++)
			if (mask & 1u << p)
				c += s->counts[p][b];
		if (c) {
			bits -= c * log2_of(c);
			kinds++;
		}
	}
	bits = bits / n + log2_of(n) + (kinds - 1) / (2 * LN2 * n);
	return bits < 8 ? bits : 8;
}

/*
 * Bits a byte when the bytes at places i, i + n, i + 2n ... are taken
 * together, for each i below n.
 */
static double entropy_apart(const struct sample *s, unsigned n)
{
	unsigned mask = 0;
	double sum = 0, weight;

	for (unsigned p = 0; p < PLANES; p += n)
		mask |= 1u << p;
	for (unsigned p = 0; p < n; p++) {
		double bits = entropy(s, mask << p, &weight);

		sum += bits * weight;
	}
	return sum;
}

/*
 * Where bytes are about equally frequent, their frequency says nothing of
 * planes; but in one of two there may be strings that repeat, as in columns
 * of numbers that were compressed before.
 */
static enum filter choose_filter(const struct sample *s, double flatness)
{
	double none, two, four, eight;

	/* (with less, a plane could be empty) */
	if (s->len < 1024)
		return FILTER_NONE;
	if (flatness < FLAT_BELOW)
		return FILTER_PLANES2;
	/* text has no planes, and would lose its words */
	if (s->text > s->len / 10 * 9)
		return FILTER_NONE;
	none = entropy_apart(s, 1);
	two = entropy_apart(s, 2);
	four = entropy_apart(s, 4);
	eight = entropy_apart(s, 8);
	if (eight < four - MORE_WORTH && eight < none - PLANES_WORTH)
		return FILTER_PLANES8;
	if (four < two - MORE_WORTH && four < none - PLANES_WORTH)
		return FILTER_PLANES4;
	if (two < none - PLANES_WORTH || flatness < FLAT_NEARLY)
		return FILTER_PLANES2;
	return FILTER_NONE;
}

struct probe probe_bytes(const uint8_t *data, size_t len)
{
	struct sample s;
	struct probe out = { PROBE_UNEVEN, FILTER_NONE };
	double flatness;

	take_sample(&s, data, len);
	flatness = collisions(&s);
	if (flatness < FLAT_BELOW)
		out.verdict = PROBE_FLAT;
	out.filter = choose_filter(&s, flatness);
	return out;
}

bool probe_looks_flat(const uint8_t *data, size_t len)
{
	uint16_t counts[256] = { 0 };
	unsigned pairs = 0;

	for (size_t w = 0; w < GLANCES; w++) {
		const uint8_t *at = data + (len - GLANCE) / (GLANCES - 1) * w;

		/* each byte makes a pair with all those equal to it */
		for (size_t i = 0; i < GLANCE; i++)
			pairs += counts[at[i]]++;
	}
	return pairs < PAIRS_FLAT;
}
