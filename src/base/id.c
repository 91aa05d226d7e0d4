#include "dv/id.h"

#include "base/error.h"

void dv_id_to_hex(const struct dv_id *id, char hex[DV_ID_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < DV_ID_SIZE; i++) {
		hex[2 * i] = digits[id->bytes[i] >> 4];
		hex[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	hex[DV_ID_HEX] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int dv_id_from_hex(const char *hex, struct dv_id *out)
{
	struct dv_id id;

	for (int i = 0; i < DV_ID_SIZE; i++) {
		int high = digit_value(hex[2 * i]);
		/* the text may end after the first of two */
		int low = high < 0 ? -1 : digit_value(hex[2 * i + 1]);

		if (low < 0)
			return dv_fail(DV_E_INVALID,
				       "not an id of %d lower-case hex digits",
				       DV_ID_HEX);
		id.bytes[i] = high << 4 | low;
	}
	*out = id;
	return 0;
}
