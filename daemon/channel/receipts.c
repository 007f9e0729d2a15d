/* SPDX-License-Identifier: BSD-2-Clause */
/* Receipts into the database. */
#include "channel/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/slab.h"
#include "base/xalloc.h"
#include "channel/batcher.h"
#include "channel/clean.h"
#include "channel/host.h"
#include "database/database.h"
#include "embedded.h"
#include "metrics/metrics.h"

enum { QUEUE_MAX = 20000, BATCH_MAX = 500, ID_MAX = 64, RECEIPT_DETAIL_MAX = 1000 };

struct receipts {
	struct channel *channel;
	struct batcher *batcher;
	struct slab slab; /* of submissions */
};

static void
receipt_params(void *arg, struct channel_submission *const *list, size_t count, struct params *p)
{
	const struct receipts *r = arg;

	params_text(p, channel_name(r->channel));
	params_time(p, clock_now());
	params_array_begin(p, OID_TEXT);
	for (size_t i = 0; i < count; i++)
		params_array_bytes(p, list[i]->link.data, list[i]->link.len);
	params_array_end(p);
	params_array_begin(p, OID_TEXT);
	for (size_t i = 0; i < count; i++)
		params_array_bytes(p, list[i]->source.data, list[i]->source.len);
	params_array_end(p);
	params_array_begin(p, OID_INT2);
	for (size_t i = 0; i < count; i++)
		params_array_int2(p, (int16_t)list[i]->receipt);
	params_array_end(p);
	params_array_begin(p, OID_TEXT);
	for (size_t i = 0; i < count; i++)
		params_array_bytes(p, list[i]->text.data, list[i]->text.len);
	params_array_end(p);
}

static void
receipt_ended(void *arg, struct channel_submission *s)
{
	const struct receipts *r = arg;

	metrics_add(METRIC_RECEIPTS, s->outcome == CHANNEL_STORED);
	host_drained_maybe(r->channel);
}

static const struct batcher_kind receipts_kind = {
	.statement = &sql_receipts_put,
	.params = receipt_params,
	.ended = receipt_ended,
};

struct receipts *
receipts_new(struct channel *c, struct database *db)
{
	struct receipts *r = xcalloc(1, sizeof(*r));

	r->channel = c;
	r->batcher = batcher_new(c->base, db, &receipts_kind, BATCH_MAX, r);
	return r;
}

void
receipts_free(struct receipts **r)
{
	if (*r == NULL)
		return;
	batcher_free(&(*r)->batcher);
	slab_clear(&(*r)->slab);
	free(*r);
	*r = NULL;
}

void
receipts_database(struct receipts *r, bool up)
{
	batcher_database(r->batcher, up);
}

size_t
receipts_pending(const struct receipts *r)
{
	return batcher_pending(r->batcher);
}

/* Copies a text that the database takes. */
static struct span
keep(char **at, const char *text, size_t len)
{
	char *begin = *at;

	if (len > 0)
		memcpy(begin, text, len);
	clean_make(begin, len);
	*at += len;
	return (struct span){ begin, len };
}

/* The peer's id stands in source, the detail in text. */
struct channel_submission *
channel_receipt(struct channel *c, const struct channel_link *link, const char *peer_id,
    enum channel_receipt_state state, const char *detail, channel_done_fn *done, void *arg)
{
	const char *name = link != NULL ? link->name : "";
	size_t id_len = strlen(peer_id), detail_len = detail != NULL ? strlen(detail) : 0;
	size_t name_len = strlen(name);
	bool wrong = id_len == 0 || id_len > ID_MAX;
	struct channel_submission *s;
	char *at;

	if (detail_len > RECEIPT_DETAIL_MAX)
		detail_len = RECEIPT_DETAIL_MAX;
	s = slab_take(&c->receipts->slab, sizeof(*s) + name_len + id_len + detail_len);
	*s = (struct channel_submission){ .done = done, .arg = arg, .receipt = state };
	at = s->bytes;
	s->link = keep(&at, name, name_len);
	s->source = keep(&at, peer_id, id_len);
	s->text = keep(&at, detail, detail_len);
	if (wrong || batcher_pending(c->receipts->batcher) >= QUEUE_MAX) {
		s->outcome = wrong ? CHANNEL_REFUSED : CHANNEL_LATER;
		s->reason = wrong ? "the id is empty or longer than 64 bytes"
				  : "too many receipts are waiting";
		batcher_end(c->receipts->batcher, s);
	} else {
		batcher_add(c->receipts->batcher, s);
	}
	return s;
}
