#include <stdio.h>

#include "cli/human.h"

const char *human_bytes(uint64_t bytes, char out[HUMAN_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB",
					     "PiB", "EiB" };
	double value = bytes / 1024.0;
	int unit = 0;

	if (bytes < 1024) {
		snprintf(out, HUMAN_SIZE, "%u B", (unsigned)bytes);
		return out;
	}
	/* 1023.95 would print as 1024.0 */
	while (value >= 1023.95 && unit < 5) {
		value /= 1024;
		unit++;
	}
	snprintf(out, HUMAN_SIZE, "%.1f %s", value, units[unit]);
	return out;
}

const char *human_time(double seconds, char out[HUMAN_SIZE])
{
	uint64_t s = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000 : seconds;

	if (s < 60)
		snprintf(out, HUMAN_SIZE, "%us", (unsigned)s);
	else if (s < 3600)
		snprintf(out, HUMAN_SIZE, "%um%02us", (unsigned)(s / 60),
			 (unsigned)(s % 60));
	else
		snprintf(out, HUMAN_SIZE, "%uh%02um", (unsigned)(s / 3600),
			 (unsigned)(s / 60 % 60));
	return out;
}

const char *human_plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}
