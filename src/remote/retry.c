#include <curl/curl.h>

#include "base/crew.h"
#include "base/random.h"
#include "remote/retry.h"

#define DELAY_FIRST_MS	100
#define DELAY_MAX_MS	20000
#define BUDGET_FULL	256	/* quarters of a repetition */
#define BUDGET_COST	4

enum retry_class retry_class_of_curl(int code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
		return RETRY_NAME;
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return RETRY_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return RETRY_TIMEOUT;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_SSL_SHUTDOWN_FAILED:
	case CURLE_AGAIN:
	case CURLE_NO_CONNECTION_AVAILABLE:
		return RETRY_BROKEN;
	default:
		return RETRY_NO;
	}
}

enum retry_class retry_class_of_status(int status)
{
	switch (status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return RETRY_STATUS;
	default:
		return RETRY_NO;
	}
}

unsigned retry_tries(enum retry_class class, bool reached)
{
	switch (class) {
	case RETRY_NO:
		return 1;
	case RETRY_NAME:
	case RETRY_TIMEOUT:
		return reached ? RETRY_TRIES : 2;
	case RETRY_CONNECT:
		return reached ? RETRY_TRIES : 3;
	case RETRY_BROKEN:
	case RETRY_STATUS:
		return RETRY_TRIES;
	}
	return 1;
}

unsigned retry_delay_ms(unsigned next, unsigned retry_after_s)
{
	unsigned most = DELAY_MAX_MS, delay, asked;

	if (next < 8 && (DELAY_FIRST_MS << next) < DELAY_MAX_MS)
		most = DELAY_FIRST_MS << next;
	delay = random_below((uint64_t)most + 1);
	asked = retry_after_s < RETRY_ASKED_MOST_S ? retry_after_s * 1000 :
						     RETRY_ASKED_MOST_S * 1000;
	return delay > asked ? delay : asked;
}

void retry_budget_init(struct retry_budget *b)
{
	pthread_mutex_init(&b->mutex, NULL);
	b->tokens = BUDGET_FULL;
}

void retry_budget_release(struct retry_budget *b)
{
	pthread_mutex_destroy(&b->mutex);
}

bool retry_budget_take(struct retry_budget *b)
{
	bool enough;

	pthread_mutex_lock(&b->mutex);
	enough = b->tokens >= BUDGET_COST;
	if (enough)
		b->tokens -= BUDGET_COST;
	pthread_mutex_unlock(&b->mutex);
	return enough;
}

void retry_budget_give(struct retry_budget *b)
{
	pthread_mutex_lock(&b->mutex);
	if (b->tokens < BUDGET_FULL)
		b->tokens++;
	pthread_mutex_unlock(&b->mutex);
}

void gate_init(struct gate *g, unsigned max)
{
	crew_cond_init(&g->free);
	pthread_mutex_init(&g->mutex, NULL);
	g->max = max ? max : 1;
	g->active = 0;
	g->limit = g->max;
	g->lowered = 0;
	g->refused = 0;
}

void gate_release(struct gate *g)
{
	pthread_cond_destroy(&g->free);
	pthread_mutex_destroy(&g->mutex);
}

int gate_enter(struct gate *g, unsigned *ticket)
{
	int err = 0;

	pthread_mutex_lock(&g->mutex);
	while (g->active >= (unsigned)g->limit && !(err = cancel_check()))
		crew_wait(&g->free, &g->mutex);
	if (!err)
		g->active++;
	*ticket = g->lowered;
	pthread_mutex_unlock(&g->mutex);
	return err;
}

void gate_leave(struct gate *g, unsigned ticket, enum gate_sign sign)
{
	pthread_mutex_lock(&g->mutex);
	g->active--;
	if (sign == GATE_FINE && g->limit < g->max) {
		g->limit += 1 / (4 * g->limit);
		if (g->limit > g->max)
			g->limit = g->max;
	} else if (sign == GATE_BUSY && ticket == g->lowered) {
		g->limit = g->limit / 2 > 1 ? g->limit / 2 : 1;
		g->lowered++;
	}
	pthread_cond_signal(&g->free);
	if (g->limit > g->active + 1)
		pthread_cond_signal(&g->free);
	pthread_mutex_unlock(&g->mutex);
}

enum gate_sign gate_refusal(struct gate *g, struct refusals *r)
{
	bool alone;

	pthread_mutex_lock(&g->mutex);
	alone = r->count && r->others == g->refused;
	g->refused += !r->count++;
	r->others = g->refused;
	pthread_mutex_unlock(&g->mutex);
	return alone ? GATE_OTHER : GATE_BUSY;
}

unsigned gate_limit(struct gate *g)
{
	unsigned limit;

	pthread_mutex_lock(&g->mutex);
	limit = g->limit;
	pthread_mutex_unlock(&g->mutex);
	return limit;
}
