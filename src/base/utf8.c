#include "base/utf8.h"

#include <stdint.h>

size_t utf8_length(const char *text, size_t len)
{
	/* the smallest value that needs this many bytes */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)text;
	uint32_t value;
	size_t n;

	if (!len)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	value = p[0] & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < least[n] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 0;
	return n;
}

size_t utf8_shown(const char *text, size_t len)
{
	size_t n = utf8_length(text, len);
	unsigned char c = *text;

	if (n == 1 && (c < 0x20 || c == 0x7f))
		return 0;
	/* U+0080 to U+009F are control characters as well */
	if (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	return n;
}
