#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "remote/s3.h"

#define REGION_DEFAULT	"us-east-1"

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool ignore_configured(void)
{
	const char *value = environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

	return value && !strcasecmp(value, "true");
}

/* What the user says the endpoint is, and in which words; NULL: AWS. */
static const char *find_endpoint(const struct remote *r, const struct s3 *s,
				 const char **where)
{
	static const char *const variables[] = {
		"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
	};

	*where = "endpointurl";
	if (r->settings.endpoint)
		return r->settings.endpoint;
	if (ignore_configured())
		return NULL;
	for (int i = 0; i < 2; i++) {
		*where = variables[i];
		if (environment(*where))
			return environment(*where);
	}
	*where = "the profile's endpoint_url";
	return s->profile.endpoint_url;
}

static int read_endpoint(struct remote *r, struct s3 *s)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf host = BUF_INIT;
	DV_AUTO_URL struct url u = URL_INIT;
	const char *where;
	const char *endpoint = find_endpoint(r, s, &where);

	s->tls = true;
	s->endpoint_path = xstrdup("");
	if (!endpoint)
		return 0;
	if (!strstr(endpoint, "://"))
		buf_addstr(&text, "https://");
	buf_addstr(&text, endpoint);
	if (url_parse(text.data, &u) || u.kind != URL_HTTP || u.user)
		return dv_hint(remote_fail(r, DV_E_INVALID, "", "%s is not a "
					   "URL like https://host:port",
					   where),
			       "dv config remote.%s.endpointurl "
			       "https://<host>", r->name);
	url_authority(&u, &host);
	s->tls = u.tls;
	s->endpoint = buf_detach(&host);
	free(s->endpoint_path);
	s->endpoint_path = xstrdup(u.path);
	return 0;
}

/* A bucket's name that cannot be a part of a host's, or of a certificate's. */
static bool needs_path(const char *bucket)
{
	size_t len = strlen(bucket);

	return len < 3 || len > 63 ||
	       strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") != len;
}

static int choose_style(struct remote *r, struct s3 *s)
{
	const char *style = s->profile.addressing_style;

	s->path_style = s->endpoint || needs_path(s->bucket);
	if (style && !strcmp(style, "path"))
		s->path_style = true;
	else if (style && !strcmp(style, "virtual") && !needs_path(s->bucket))
		s->path_style = false;
	if (r->settings.path_style >= 0)
		s->path_style = r->settings.path_style;
	if (!s->path_style && strspn(s->bucket, "abcdefghijklmnopqrstuvwxyz"
				     "0123456789-.") != strlen(s->bucket))
		return dv_hint(remote_fail(r, DV_E_INVALID, "", "the bucket's "
					   "name cannot be part of a host's"),
			       "dv config remote.%s.pathstyle true", r->name);
	return 0;
}

static int choose_region(struct remote *r, struct s3 *s)
{
	const char *region = r->settings.region;

	if (!region)
		region = environment("AWS_REGION");
	if (!region)
		region = environment("AWS_DEFAULT_REGION");
	if (!region)
		region = s->profile.region;
	if (!region)
		region = REGION_DEFAULT;
	if (strlen(region) >= sizeof(s->region) ||
	    strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
	    strlen(region))
		return remote_fail(r, DV_E_INVALID, "", "\"%.60s\" is not a "
				   "region's name", region);
	strcpy(s->region, region);
	return 0;
}

int s3_place_init(struct remote *r, struct s3 *s)
{
	DV_AUTO_BUF struct buf place = BUF_INIT;
	int err = read_endpoint(r, s);

	if (!err)
		err = choose_style(r, s);
	if (!err)
		err = choose_region(r, s);
	if (err)
		return err;
	buf_addf(&place, "s3 %s%s %s/%s", s->endpoint ? s->endpoint : "aws",
		 s->endpoint_path, s->bucket, s->prefix);
	free(r->place);
	r->place = buf_detach(&place);
	return 0;
}

void s3_region(struct s3 *s, char out[40])
{
	pthread_mutex_lock(&s->mutex);
	strcpy(out, s->region);
	pthread_mutex_unlock(&s->mutex);
}

bool s3_region_set(struct s3 *s, const char *region)
{
	bool other;

	pthread_mutex_lock(&s->mutex);
	other = *region && strcmp(s->region, region) != 0 &&
		strlen(region) < sizeof(s->region);
	if (other)
		strcpy(s->region, region);
	pthread_mutex_unlock(&s->mutex);
	return other;
}

void s3_host(struct s3 *s, struct buf *out)
{
	char region[40];

	if (!s->path_style)
		buf_addf(out, "%s.", s->bucket);
	if (s->endpoint) {
		buf_addstr(out, s->endpoint);
		return;
	}
	s3_region(s, region);
	buf_addf(out, "s3.%s.amazonaws.com%s", region,
		 strncmp(region, "cn-", 3) ? "" : ".cn");
}

void s3_path(const struct s3 *s, const char *key, struct buf *out)
{
	buf_addstr(out, s->endpoint_path);
	if (s->path_style) {
		buf_addch(out, '/');
		url_escape(s->bucket, false, out);
	}
	if (!key) {
		if (!s->path_style)
			buf_addch(out, '/');
		return;
	}
	buf_addch(out, '/');
	if (*s->prefix) {
		url_escape(s->prefix, true, out);
		buf_addch(out, '/');
	}
	url_escape(key, true, out);
}
