#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "git/pattern.h"

static unsigned char fold(char c, bool ignore_case)
{
	unsigned char u = c;

	return ignore_case && u < 128 ? tolower(u) : u;
}

/* ctype functions answer for ASCII only, whatever the locale. */
static bool in_class(const char *name, size_t len, unsigned char c,
		     bool *known)
{
	static const struct {
		const char *name;
		int (*is)(int c);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha },
		{ "blank", isblank }, { "cntrl", iscntrl },
		{ "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint },
		{ "punct", ispunct }, { "space", isspace },
		{ "upper", isupper }, { "xdigit", isxdigit },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strlen(classes[i].name) == len &&
		    !memcmp(classes[i].name, name, len))
			return c < 128 && classes[i].is(c);
	*known = false;
	return false;
}

/*
 * One member of a bracket expression, at p: compares c and returns where the
 * next one begins, or NULL when the expression is broken.
 */
static const char *bracket_member(const char *p, unsigned char c,
				  bool ignore_case, bool *hit)
{
	unsigned char low, high;
	bool known = true;
	const char *end;

	if (p[0] == '[' && p[1] == ':') {
		for (end = p + 2; *end && *end != ']'; end++)
			;
		if (!*end)
			return NULL;
		if (end > p + 2 && end[-1] == ':') {
			size_t len = end - 1 - (p + 2);

			*hit |= in_class(p + 2, len, c, &known);
			if (ignore_case && len == 5 &&
			    !memcmp(p + 2, "upper", 5))
				*hit |= c >= 'a' && c <= 'z';
			return known ? end + 1 : NULL;
		}
	}
	if (*p == '\\' && !*++p)
		return NULL;
	low = high = *p++;
	if (p[0] == '-' && p[1] && p[1] != ']') {
		p++;
		if (*p == '\\' && !*++p)
			return NULL;
		high = *p++;
	}
	*hit |= low <= c && c <= high;
	if (ignore_case && c >= 'a' && c <= 'z')
		*hit |= low <= c - 32 && c - 32 <= high;
	return p;
}

/* *p is just after '['; left after ']'.  False also when it is broken. */
static bool bracket_match(const char **p, unsigned char c, bool ignore_case)
{
	const char *at = *p;
	bool negated = *at == '!' || *at == '^', hit = false;

	at += negated;
	do {
		if (!*at)
			return false;
		at = bracket_member(at, c, ignore_case, &hit);
		if (!at)
			return false;
	} while (*at != ']');
	*p = at + 1;
	return hit != negated && c != '/';
}

/* One step that is not an asterisk. */
static bool step(const char **p, const char *t, bool ignore_case)
{
	const char *at = *p;
	unsigned char c = fold(*t, ignore_case);

	switch (*at) {
	case '?':
		*p = at + 1;
		return *t != '/';
	case '[':
		*p = at + 1;
		return bracket_match(p, c, ignore_case);
	case '\\':
		at++;
		if (!*at)
			return false;
		/* fall through */
	default:
		*p = at + 1;
		return fold(*at, ignore_case) == c;
	}
}

/*
 * Going back to the last asterisk is enough: an earlier one in the same
 * component could only take bytes the last one can take as well, and one in
 * an earlier component cannot pass its '/'.  So there are two places to go
 * back to: the last '*', and the last two-asterisk component.
 */
bool pattern_match(const char *pattern, const char *text, bool ignore_case)
{
	const char *p = pattern, *t = text;
	const char *star_p = NULL, *star_t = NULL;
	const char *deep_p = NULL, *deep_t = NULL;

	while (*t || *p) {
		if (*p == '*') {
			const char *begin = p;
			bool whole = p == pattern || p[-1] == '/';

			while (*p == '*')
				p++;
			if (p - begin > 1 && whole && !*p)
				return true;
			if (p - begin > 1 && whole && *p == '/') {
				deep_p = ++p;
				deep_t = t;
				star_p = NULL;
				continue;
			}
			star_p = p;
			star_t = t;
			continue;
		}
		if (*t && *p && step(&p, t, ignore_case)) {
			t++;
			continue;
		}
		if (star_p && *star_t && *star_t != '/') {
			p = star_p;
			t = ++star_t;
			continue;
		}
		star_p = NULL;
		deep_t = deep_p ? strchr(deep_t, '/') : NULL;
		if (!deep_t)
			return false;
		p = deep_p;
		t = ++deep_t;
	}
	return true;
}

bool pattern_is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[\\") != NULL;
}
