#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/amount.h"
#include "base/error.h"
#include "base/near.h"
#include "git/config.h"
#include "git/settings_names.h"

#define REMOTE_NAME_MOST	64
#define NEAR_MOST		3	/* edits to a name that is meant */

/* clang-format off */
const struct setting settings_known[] = {
	{ "core.remote",		SETTING_TEXT,	0 },
	{ "core.jobs",			SETTING_NUMBER,	0 },
	{ "core.autostage",		SETTING_BOOL,	0 },
	{ "core.hints",			SETTING_BOOL,	0 },
	{ "hooks.precommit",		SETTING_CHOICE,	0 },
	{ "hooks.precommitfiles",	SETTING_NUMBER,	0 },
	{ "hooks.prepush",		SETTING_CHOICE,	0 },
	{ "profile.*.include",		SETTING_TEXT,	0 },
	{ "profile.*.exclude",		SETTING_TEXT,	0 },
	{ "source.local",		SETTING_BOOL,	SETTING_OWN },
	{ "store.path",			SETTING_PATH,	SETTING_CONFINED },
	{ "store.link",			SETTING_LINK,	0 },
	{ "store.linkfrom",		SETTING_NUMBER,	0 },
	{ "store.fallback",		SETTING_PATH,	SETTING_OWN },
	{ "store.limit",		SETTING_NUMBER,	0 },
	{ "store.shared",		SETTING_CHOICE,	SETTING_OWN },
	{ "gc.grace",			SETTING_AGE,	0 },
	{ "remote.*.url",		SETTING_TEXT,	0 },
	{ "remote.*.jobs",		SETTING_NUMBER,	0 },
	{ "remote.*.region",		SETTING_TEXT,	0 },
	{ "remote.*.endpointurl",	SETTING_TEXT,	0 },
	{ "remote.*.profile",		SETTING_TEXT,	0 },
	{ "remote.*.pathstyle",		SETTING_BOOL,	0 },
	{ "remote.*.user",		SETTING_TEXT,	0 },
	{ "remote.*.cafile",		SETTING_PATH,	0 },
	{ "remote.*.anonymous",		SETTING_BOOL,	0 },
	{ "remote.*.connecttimeout",	SETTING_NUMBER,	0 },
	{ "remote.*.stalltimeout",	SETTING_NUMBER,	0 },
	{ "remote.*.password",		SETTING_TEXT,	SETTING_SECRET },
	{ "remote.*.token",		SETTING_TEXT,	SETTING_SECRET },
	{ "remote.*.accesskeyid",	SETTING_TEXT,	SETTING_SECRET },
	{ "remote.*.secretaccesskey",	SETTING_TEXT,	SETTING_SECRET },
	{ "remote.*.sessiontoken",	SETTING_TEXT,	SETTING_SECRET },
};
/* clang-format on */

const size_t settings_known_count =
	sizeof(settings_known) / sizeof(*settings_known);

/* Name with the name of a remote or profile replaced by '*'. */
static void generalize(const char *name, struct buf *out)
{
	const char *first = strchr(name, '.'), *last = strrchr(name, '.');

	if (first == last) {
		buf_addstr(out, name);
		return;
	}
	buf_add(out, name, first + 1 - name);
	buf_addch(out, '*');
	buf_addstr(out, last);
}

const struct setting *setting_find(const char *name)
{
	DV_AUTO_BUF struct buf general = BUF_INIT;

	generalize(name, &general);
	for (size_t i = 0; i < settings_known_count; i++)
		if (!strcmp(settings_known[i].name, general.data))
			return &settings_known[i];
	return NULL;
}

static bool remote_name_ok(const char *name, size_t len)
{
	if (!len || len > REMOTE_NAME_MOST || *name == '-' || *name == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = name[i];

		if (c >= 128 || !(isalnum(c) || strchr("._-", c)))
			return false;
	}
	return true;
}

static void add_lower(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_addch(out, text[i] >= 'A' && text[i] <= 'Z' ?
			  text[i] - 'A' + 'a' : text[i]);
}

bool setting_canonical(const char *name, struct buf *out)
{
	const char *first = strchr(name, '.'), *last = strrchr(name, '.');

	buf_clear(out);
	if (!first || first == name || !last[1])
		return false;
	add_lower(out, name, first - name);
	if (last > first) {
		if (!remote_name_ok(first + 1, last - first - 1))
			return false;
		buf_add(out, first, last - first);
	}
	add_lower(out, last, strlen(last));
	return true;
}

/* NULL when none is near. */
static const struct setting *nearest(const char *name)
{
	DV_AUTO_BUF struct buf general = BUF_INIT;
	const struct setting *found = NULL;
	size_t best = NEAR_MOST + 1;

	generalize(name, &general);
	for (size_t i = 0; i < settings_known_count; i++) {
		const char *known = settings_known[i].name;
		size_t n = near_edits(general.data, known);
		const char *key = strrchr(known, '.') + 1;

		/* a key without its section is meant as well */
		if (!strchr(name, '.') && !strcmp(name, key))
			n = 0;
		if (n < best && n < strlen(key)) {
			best = n;
			found = &settings_known[i];
		}
	}
	return found;
}

void setting_hint(const char *name, struct buf *out)
{
	const char *first = strchr(name, '.'), *last = strrchr(name, '.');
	size_t len = first && last > first ? last - first - 1 : 0;
	const struct setting *meant = nearest(name);
	const char *star;

	if (len && !remote_name_ok(first + 1, len)) {
		buf_addstr(out, "the name of a remote or profile is of "
			   "letters, digits, '.', '_' and '-', and begins "
			   "with neither '.' nor '-'");
		return;
	}
	if (!meant) {
		buf_addstr(out, "dvconfig(5) lists the settings");
		return;
	}
	star = strchr(meant->name, '*');
	buf_addf(out, "did you mean %.*s", star ? (int)(star - meant->name) :
		 (int)strlen(meant->name), meant->name);
	if (star && len)
		buf_add(out, first + 1, len);
	else if (star)
		buf_addstr(out, "<name>");
	buf_addf(out, "%s?", star ? star + 1 : "");
}

static bool link_ok(const char *value)
{
	for (;;) {
		size_t n = strcspn(value, ",");

		if (!(n == 7 && !memcmp(value, "reflink", 7)) &&
		    !(n == 8 && !memcmp(value, "hardlink", 8)) &&
		    !(n == 7 && !memcmp(value, "symlink", 7)) &&
		    !(n == 4 && !memcmp(value, "copy", 4)))
			return false;
		if (!value[n])
			return true;
		value += n + 1;
	}
}

/* Is the value one of the words of this setting?  *words: which there are. */
static bool choice_ok(const char *setting, const char *value,
		      const char **words)
{
	static const struct {
		const char *setting, *words;
	} choices[] = {
		{ "hooks.precommit", "refuse, warn, off" },
		{ "hooks.prepush", "push, check, off" },
		{ "store.shared", "group, all, false" },
	};
	size_t len = strlen(value);

	*words = "";
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		if (!strcmp(choices[i].setting, setting))
			*words = choices[i].words;
	for (const char *at = *words; *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");

		if (n == len && !memcmp(at, value, n))
			return true;
		at += n;
	}
	return false;
}

int setting_check(const struct setting *s, const char *name,
		  const char *value)
{
	const char *words;
	uint64_t number;
	int64_t age;

	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return dv_fail(DV_E_INVALID,
				       "%s: control byte in the value", name);
	switch (s->kind) {
	case SETTING_BOOL:
		if (config_truth(value) < 0)
			return dv_fail(DV_E_INVALID,
				       "%s: not true or false: %s", name,
				       value);
		return 0;
	case SETTING_NUMBER:
		if (!size_parse(value, &number))
			return dv_fail(DV_E_INVALID, "%s: not a number: %s",
				       name, value);
		return 0;
	case SETTING_LINK:
		if (link_ok(value))
			return 0;
		return dv_fail(DV_E_INVALID, "%s: not a list of reflink, "
			       "hardlink, symlink and copy: %s", name, value);
	case SETTING_CHOICE:
		if (!choice_ok(s->name, value, &words))
			return dv_fail(DV_E_INVALID, "%s: not one of %s: %s",
				       name, words, value);
		return 0;
	case SETTING_AGE:
		if (!age_parse(value, &age))
			return dv_fail(DV_E_INVALID, "%s: not an age such as "
				       "14d, 12h or now: %s", name, value);
		return 0;
	case SETTING_PATH:
	case SETTING_TEXT:
		break;
	}
	if (!*value)
		return dv_fail(DV_E_INVALID, "%s: an empty value", name);
	return 0;
}

bool setting_environment(const struct setting *s, struct buf *out)
{
	if (strchr(s->name, '*'))
		return false;
	buf_clear(out);
	buf_addstr(out, "DV_");
	for (const char *c = s->name; *c; c++)
		buf_addch(out, *c == '.' ? '_' : toupper((unsigned char)*c));
	return true;
}
