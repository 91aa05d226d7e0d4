#include <string.h>

#include "base/error.h"
#include "remote/s3.h"

#define SKEW_MIN_S	60	/* less is not what the server minds */

/* Codes that mean the same to us. */
enum meaning {
	MEANS_NOTHING,		/* the status has to say it */
	MEANS_NOT_THERE,
	MEANS_NO_BUCKET,
	MEANS_BAD_KEY,
	MEANS_BAD_SIGNATURE,
	MEANS_EXPIRED,
	MEANS_DENIED,
	MEANS_CLOCK,
	MEANS_REGION,
	MEANS_LATER,
	MEANS_DAMAGED,
	MEANS_FULL,
	MEANS_UNSUPPORTED,
};

static enum meaning meaning_of(const char *code)
{
	static const struct {
		const char *code;
		enum meaning meaning;
	} codes[] = {
		{ "NoSuchKey", MEANS_NOT_THERE },
		{ "NoSuchBucket", MEANS_NO_BUCKET },
		{ "InvalidAccessKeyId", MEANS_BAD_KEY },
		{ "SignatureDoesNotMatch", MEANS_BAD_SIGNATURE },
		{ "ExpiredToken", MEANS_EXPIRED },
		{ "ExpiredTokenException", MEANS_EXPIRED },
		{ "InvalidToken", MEANS_EXPIRED },
		{ "TokenRefreshRequired", MEANS_EXPIRED },
		{ "AccessDenied", MEANS_DENIED },
		{ "AllAccessDisabled", MEANS_DENIED },
		{ "AccountProblem", MEANS_DENIED },
		{ "RequestTimeTooSkewed", MEANS_CLOCK },
		{ "RequestExpired", MEANS_CLOCK },
		{ "AuthorizationHeaderMalformed", MEANS_REGION },
		{ "PermanentRedirect", MEANS_REGION },
		{ "TemporaryRedirect", MEANS_REGION },
		{ "IllegalLocationConstraintException", MEANS_REGION },
		{ "RequestTimeout", MEANS_LATER },
		{ "SlowDown", MEANS_LATER },
		{ "InternalError", MEANS_LATER },
		{ "OperationAborted", MEANS_LATER },
		{ "ConditionalRequestConflict", MEANS_LATER },
		{ "ServiceUnavailable", MEANS_LATER },
		{ "Throttling", MEANS_LATER },
		{ "ThrottlingException", MEANS_LATER },
		{ "TooManyRequests", MEANS_LATER },
		{ "BadDigest", MEANS_DAMAGED },
		{ "XAmzContentSHA256Mismatch", MEANS_DAMAGED },
		{ "IncompleteBody", MEANS_LATER },
		{ "QuotaExceeded", MEANS_FULL },
		{ "EntityTooLarge", MEANS_UNSUPPORTED },
		{ "NotImplemented", MEANS_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (!strcmp(codes[i].code, code))
			return codes[i].meaning;
	}
	return MEANS_NOTHING;
}

static enum meaning meaning_of_status(int status, bool about_bucket)
{
	if (retry_class_of_status(status) == RETRY_STATUS)
		return MEANS_LATER;
	switch (status) {
	case 301:
	case 307:
		return MEANS_REGION;
	case 401:
	case 403:
		return MEANS_DENIED;
	case 404:
		return about_bucket ? MEANS_NO_BUCKET : MEANS_NOT_THERE;
	case 501:
		return MEANS_UNSUPPORTED;
	case 507:
		return MEANS_FULL;
	default:
		return MEANS_NOTHING;
	}
}

/* "403 AccessDenied: Access Denied", without what must not be shown. */
static void server_words(const struct s3_call *q, const struct http_answer *a,
			 const struct s3_error *e, struct buf *out)
{
	const char *const secrets[] = {
		q->used.secret_key, q->used.session_token,
	};
	bool quiet = !*e->message;

	if (!*e->code) {
		buf_addstr(out, http_status_text(a->status));
		return;
	}
	for (int i = 0; i < 2; i++) {
		if (secrets[i] && *secrets[i] &&
		    (strstr(e->message, secrets[i]) ||
		     strstr(e->code, secrets[i])))
			quiet = true;
	}
	buf_addf(out, "%d %s%s%s", a->status, quiet ? "" : e->code,
		 quiet ? "" : ": ", quiet ? "" : e->message);
	if (quiet && !*e->message)
		buf_addstr(out, e->code);
}

static int hint_keys(struct s3_call *q, int code)
{
	return dv_hint(code, "the keys are %s; is that the right place, and "
		       "are they for this endpoint?",
		       credential_chain_source(q->s3->chain));
}

static int judge_denied(struct s3_call *q, const char *words)
{
	struct call *c = &q->call;

	if (!q->used.access_key) {
		call_fail(c, DV_E_AUTH, "access denied without credentials: "
			  "%s", words);
		if (c->remote->apart)
			return dv_hint(c->code, "set AWS_ACCESS_KEY_ID and "
				       "AWS_SECRET_ACCESS_KEY, or run aws "
				       "configure");
		return dv_hint(c->code, "unset remote.%s.anonymous and set "
			       "AWS_ACCESS_KEY_ID or a profile",
			       c->remote->name);
	}
	call_fail(c, DV_E_AUTH, "access denied: %s", words);
	if (!q->key)
		return dv_hint(c->code, "the keys %s are wrong, or lack %s "
			       "here", credential_chain_source(q->s3->chain),
			       q->action);
	return dv_hint(c->code, "the keys %s are wrong, or lack %s here, or "
		       "s3:ListBucket, without which S3 hides that an object "
		       "is missing", credential_chain_source(q->s3->chain),
		       q->action);
}

static int judge_expired(struct s3_call *q, const char *words)
{
	struct call *c = &q->call;

	if (!q->renewed && credential_chain_renew(q->s3->chain, &q->used)) {
		q->renewed = true;
		return CALL_AGAIN;
	}
	call_fail(c, DV_E_AUTH, "the credentials have expired or are not "
		  "valid: %s", words);
	return dv_hint(c->code, "they are %s: get new ones, perhaps by aws "
		       "sso login", credential_chain_source(q->s3->chain));
}

/* Uses the server's clock from now on. */
static int judge_clock(struct s3_call *q, const struct http_answer *a,
		       const char *words)
{
	struct call *c = &q->call;
	int64_t skew = a->date ? (int64_t)(a->date - time(NULL)) : 0;
	int64_t change = skew - q->s3->skew_s;

	if (a->date && !q->clock_set &&
	    (change > SKEW_MIN_S || change < -SKEW_MIN_S)) {
		q->clock_set = true;
		q->s3->skew_s = skew;
		return CALL_AGAIN;
	}
	call_fail(c, DV_E_AUTH, "this machine's clock is wrong: %s", words);
	return dv_hint(c->code, "set it right: timedatectl");
}

static int judge_region(struct s3_call *q, const struct http_answer *a,
			const struct s3_error *e, const char *words)
{
	const char *region = *a->region ? a->region : e->region;
	struct call *c = &q->call;
	char now[40];

	/* another thread may have learned it meanwhile */
	s3_region(q->s3, now);
	if (s3_region_set(q->s3, region) || strcmp(now, q->used_region) != 0)
		return CALL_AGAIN;
	call_fail(c, DV_E_INVALID, "region %s is wrong for this bucket, or "
		  "the endpoint is: %s", q->used_region, words);
	c->code = DV_E_IO;
	if (c->remote->apart)
		return dv_hint(DV_E_IO, "export AWS_REGION=<region>");
	return dv_hint(DV_E_IO, "dv config remote.%s.region <region>",
		       c->remote->name);
}

static int judge_no_bucket(struct s3_call *q)
{
	struct call *c = &q->call;

	call_fail(c, DV_E_IO, "there is no bucket %s at %s", q->s3->bucket,
		  q->s3->endpoint ? q->s3->endpoint : "AWS");
	if (c->remote->apart)
		return dv_hint(c->code, "is it spelled right and the endpoint "
			       "set (AWS_ENDPOINT_URL)?");
	return dv_hint(c->code, "is it spelled right and the endpoint set "
		       "(remote.%s.endpointurl)?  else create it first",
		       c->remote->name);
}

/* Those whose keys are not accepted, and a last word for all others. */
static int judge_other(struct s3_call *q, enum meaning m, const char *words)
{
	struct call *c = &q->call;

	switch (m) {
	case MEANS_BAD_KEY:
		call_fail(c, DV_E_AUTH, "the server does not know the access "
			  "key: %s", words);
		return hint_keys(q, c->code);
	case MEANS_BAD_SIGNATURE:
		call_fail(c, DV_E_AUTH, "the secret key does not fit the "
			  "access key: %s", words);
		return hint_keys(q, c->code);
	case MEANS_DAMAGED:
		return call_later(c, DV_E_NETWORK, "damaged on the way: %s",
				  words);
	case MEANS_FULL:
		return call_fail(c, DV_E_NOSPACE, "the server has no room: "
				 "%s", words);
	case MEANS_UNSUPPORTED:
		return call_fail(c, DV_E_UNSUPPORTED, "the server cannot do "
				 "that: %s", words);
	default:
		call_fail(c, DV_E_NETWORK, "unexpected answer: %s", words);
		if (q->used.session_token)
			return dv_hint(c->code, "is the session token, which "
				       "is %s, the one of these keys?",
				       credential_chain_source(q->s3->chain));
		return dv_hint(c->code, "does an S3 server answer there? dv "
			       "config remote.%s.endpointurl",
			       c->remote->name);
	}
}

int s3_judge_refusal(struct s3_call *q, struct http_answer *a)
{
	DV_AUTO_BUF struct buf words = BUF_INIT;
	struct call *c = &q->call;
	struct s3_error e;
	enum meaning m;

	s3_xml_error(a->body.data, a->body.len, &e);
	m = meaning_of(e.code);
	if (m == MEANS_NOTHING)
		m = meaning_of_status(a->status, !q->key);
	/* 400 without a code but with a region: HEAD cannot say more */
	if (m == MEANS_NOTHING && a->status == 400 && *a->region)
		m = MEANS_REGION;
	server_words(q, a, &e, &words);
	switch (m) {
	case MEANS_NOT_THERE:
		if (*e.code)
			q->s3->bucket_known = true;
		return call_fail(c, DV_E_NOTFOUND, "not there");
	case MEANS_NO_BUCKET:
		return judge_no_bucket(q);
	case MEANS_DENIED:
		return judge_denied(q, words.data);
	case MEANS_EXPIRED:
		return judge_expired(q, words.data);
	case MEANS_CLOCK:
		return judge_clock(q, a, words.data);
	case MEANS_REGION:
		return judge_region(q, a, &e, words.data);
	case MEANS_LATER:
		call_later(c, DV_E_NETWORK, "the server is in trouble: %s",
			   words.data);
		dv_hint(c->code, "try again later; what has arrived is not "
			"sent twice");
		return CALL_LATER;
	default:
		return judge_other(q, m, words.data);
	}
}
