/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports into the table inbox. */
#include "channel/inbox.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/slab.h"
#include "base/xalloc.h"
#include "channel/announce.h"
#include "channel/batcher.h"
#include "channel/clean.h"
#include "channel/config.h"
#include "channel/host.h"
#include "channel/inbox_params.h"
#include "channel/pieces.h"
#include "database/database.h"
#include "embedded.h"
#include "metrics/metrics.h"
#include "supervisor/role.h"

enum {
	CONNECTIONS_MAX = 4,
	BATCHERS = 2, /* of a connection */
	BUCKETS = 16384,
	RAW_MAX = 32 << 20,
	FILE_MAX = 25 << 20,
	FILES_MAX = 1000,
	FILE_NAME_MAX = 255,
	ADDRESS_MAX = 254,
	TEXT_MAX = 65536,
	WITH_FILES = 128
};

/* Two batchers: while the batch of one is being committed, that of the other is on its way already,
 * so that the server never waits for us. Each has senders of its own, whose order it keeps. */
struct connection {
	struct inbox *inbox;
	struct database *db;
	struct batcher *batchers[BATCHERS];
	struct pieces *pieces;  /* of what is in a spool, */
	struct batcher *pieced; /* and then its reports, one by one */
	bool up;
	bool told_down; /* also the first try may fail, and a person must know why */
};

struct inbox {
	struct channel *channel;
	struct connection connections[CONNECTIONS_MAX];
	unsigned connection_count;
	size_t queue_max, bytes_max, pending, bytes;
	bool open;
	struct slab slab;                            /* of submissions */
	struct channel_submission *buckets[BUCKETS]; /* under way, by fingerprint */
	struct inbox_params *params;
	int64_t duplicates, refused, later;
	int64_t answered_us; /* the last batch, of the monotonic clock */
};

/* ---- what is under way, by fingerprint ------------------------------------------------------ */

static struct channel_submission **
bucket(struct inbox *in, const uint8_t *fingerprint_bytes)
{
	uint32_t h;

	memcpy(&h, fingerprint_bytes, sizeof(h));
	return &in->buckets[h % BUCKETS];
}

static struct channel_submission *
find_same(struct inbox *in, const uint8_t *fingerprint_bytes)
{
	struct channel_submission *s = *bucket(in, fingerprint_bytes);

	while (s != NULL && memcmp(s->fingerprint, fingerprint_bytes, FINGERPRINT_BYTES) != 0)
		s = s->next_same;
	return s;
}

static void
forget_same(struct inbox *in, struct channel_submission *s)
{
	struct channel_submission **at = bucket(in, s->fingerprint);

	while (*at != NULL && *at != s)
		at = &(*at)->next_same;
	if (*at == s)
		*at = s->next_same;
}

/* ---- the statement -------------------------------------------------------------------------- */

static void
write_params(void *arg, struct channel_submission *const *list, size_t count, struct params *p)
{
	const struct inbox *in = arg;

	inbox_params_write(in->params, channel_name(in->channel), list, count, p);
}

static void
write_pieced_params(
    void *arg, struct channel_submission *const *list, size_t count, struct params *p)
{
	write_params(arg, list, count, p);
	pieces_params(list[0], p);
}

/* Rows of those that were not simply stored: place from 1, outcome, detail. */
static void
inbox_committed(void *arg, int64_t us)
{
	struct inbox *in = arg;

	in->answered_us = clock_mono_us();
	metrics_add(METRIC_BATCHES, 1);
	metrics_observe(HISTOGRAM_COMMIT, us, 1);
}

static void
inbox_answer(
    void *arg, const struct result *r, struct channel_submission *const *list, size_t count)
{
	static const enum channel_outcome outcomes[] = { CHANNEL_STORED, CHANNEL_DUPLICATE,
		CHANNEL_REFUSED, CHANNEL_LATER };
	const struct inbox *in = arg;

	announce(in->channel->announce);
	for (int row = 0; row < result_rows(r); row++) {
		int64_t ord = result_int(r, row, 0);
		struct channel_submission *s;

		if (ord < 1 || (size_t)ord > count)
			continue;
		s = list[ord - 1];
		s->outcome = outcomes[result_int(r, row, 1) & 3];
		s->reason = result_bytes(r, row, 2, NULL);
	}
}

/* ---- the bound ------------------------------------------------------------------------------ */

static bool
all_up(const struct inbox *in)
{
	for (unsigned i = 0; i < in->connection_count; i++)
		if (!in->connections[i].up)
			return false;
	return true;
}

/* Closed at the bound, open again when a quarter is free. */
static void
set_open(struct inbox *in)
{
	const struct channel *c = in->channel;
	size_t quarters = in->open ? 4 : 3;
	bool open = all_up(in) && in->pending < in->queue_max * quarters / 4 &&
		    in->bytes < in->bytes_max / 4 * quarters;

	if (open == in->open)
		return;
	in->open = open;
	log_debug("channel: intake %s pending=%zu", open ? "open" : "closed", in->pending);
	if (c->started && c->plugin->flow != NULL)
		c->plugin->flow(c->state, open);
}

static void
count(const struct inbox *in, const struct channel_submission *s)
{
	static const enum metric metrics[] = {
		[CHANNEL_STORED] = METRIC_REPORTS_STORED,
		[CHANNEL_DUPLICATE] = METRIC_REPORTS_DUPLICATE,
		[CHANNEL_REFUSED] = METRIC_REPORTS_REFUSED,
		[CHANNEL_LATER] = METRIC_REPORTS_LATER,
	};

	metrics_add(metrics[s->outcome], 1);
	if (s->outcome == CHANNEL_STORED || s->outcome == CHANNEL_DUPLICATE)
		metrics_observe(HISTOGRAM_ACKNOWLEDGE, in->answered_us - s->begun_us, 1);
}

static void
inbox_ended(void *arg, struct channel_submission *s)
{
	struct inbox *in = arg;

	forget_same(in, s);
	count(in, s);
	in->duplicates += s->outcome == CHANNEL_DUPLICATE;
	in->refused += s->outcome == CHANNEL_REFUSED;
	in->later += s->outcome == CHANNEL_LATER;
	in->pending--;
	in->bytes -= s->size;
	set_open(in);
	host_drained_maybe(in->channel);
}

static const struct batcher_kind inbox_kind = {
	.statement = &sql_inbox_submit,
	.params = write_params,
	.answer = inbox_answer,
	.committed = inbox_committed,
	.ended = inbox_ended,
};

static const struct batcher_kind pieced_kind = {
	.statement = &sql_inbox_submit_pieces,
	.params = write_pieced_params,
	.answer = inbox_answer,
	.ended = inbox_ended,
};

static void
on_pieces(void *arg, struct channel_submission *s, const char *why)
{
	const struct connection *k = arg;

	if (why == NULL) {
		batcher_add(k->pieced, s);
		return;
	}
	s->outcome = CHANNEL_LATER;
	s->reason = why;
	batcher_end(k->pieced, s);
}

static void
on_database(void *arg, enum database_state state, const char *detail)
{
	struct connection *k = arg;
	bool up = state == DATABASE_UP;

	if (state == DATABASE_CONNECTING || (up ? k->up : k->told_down))
		return;
	k->up = up;
	k->told_down = !up;
	if (up)
		log_info("channel: database up connection=%td", k - k->inbox->connections);
	else
		log_warning("channel: database down connection=%td reason=\"%s\"",
		    k - k->inbox->connections, detail != NULL ? detail : "");
	for (unsigned i = 0; i < BATCHERS; i++)
		batcher_database(k->batchers[i], up);
	batcher_database(k->pieced, up);
	set_open(k->inbox);
}

struct inbox *
inbox_new(struct channel *c)
{
	struct inbox *in = xcalloc(1, sizeof(*in));
	size_t batch = (size_t)options_find(&c->options, "batch")->number;

	in->channel = c;
	in->queue_max = (size_t)options_find(&c->options, "queue")->number;
	in->bytes_max = (size_t)options_find(&c->options, "queue_bytes")->number;
	in->connection_count = (unsigned)options_find(&c->options, "connections")->number;
	in->params = inbox_params_new(batch);
	for (unsigned i = 0; i < in->connection_count; i++) {
		struct connection *k = &in->connections[i];
		k->inbox = in;
		k->db = database_new(c->base, role_conninfo(c->role), role_database_user(c->role),
		    role_name(c->role), on_database, k);
		for (unsigned j = 0; j < BATCHERS; j++)
			k->batchers[j] = batcher_new(c->base, k->db, &inbox_kind, batch, in);
		k->pieces = pieces_new(k->db, channel_name(c), on_pieces, k);
		k->pieced = batcher_new(c->base, k->db, &pieced_kind, 1, in);
	}
	return in;
}

void
inbox_free(struct inbox **inbox)
{
	struct inbox *in = *inbox;

	*inbox = NULL;
	if (in == NULL)
		return;
	for (unsigned i = 0; i < in->connection_count; i++) {
		for (unsigned j = 0; j < BATCHERS; j++)
			batcher_free(&in->connections[i].batchers[j]);
		pieces_free(&in->connections[i].pieces);
		batcher_free(&in->connections[i].pieced);
		database_free(&in->connections[i].db);
	}
	slab_clear(&in->slab);
	inbox_params_free(&in->params);
	free(in);
}

size_t
inbox_pending(const struct inbox *in)
{
	return in->pending;
}

bool
inbox_open(const struct inbox *in)
{
	return in->open;
}

void
inbox_count(const struct inbox *in)
{
	metrics_set(METRIC_DATABASE_UP, all_up(in));
	metrics_set(METRIC_INTAKE_OPEN, in->open);
	metrics_set(METRIC_INTAKE_PENDING, (int64_t)in->pending);
	metrics_set(METRIC_INTAKE_BYTES, (int64_t)in->bytes);
}

static void
add_figures(const struct batcher *b, struct batcher_figures *sum)
{
	struct batcher_figures f;

	batcher_figures(b, &f);
	sum->batches += f.batches;
	sum->stored += f.stored;
	if (f.last_commit_us > sum->last_commit_us)
		sum->last_commit_us = f.last_commit_us;
	sum->last_batch = f.last_batch > sum->last_batch ? f.last_batch : sum->last_batch;
}

void
inbox_status(const struct inbox *in, struct buffer *json)
{
	struct batcher_figures sum = { 0 };
	unsigned up = 0;

	for (unsigned i = 0; i < in->connection_count; i++) {
		for (unsigned j = 0; j < BATCHERS; j++)
			add_figures(in->connections[i].batchers[j], &sum);
		add_figures(in->connections[i].pieced, &sum);
		up += in->connections[i].up;
	}
	buffer_printf(json,
	    "\"connections\":%u,\"connections_up\":%u,\"open\":%s,\"pending\":%zu,\"pending_"
	    "bytes\":%zu,\"batches\":"
	    "%" PRId64 ",\"stored\":%" PRId64 ",\"duplicates\":%" PRId64 ",\"refused\":%" PRId64
	    ",\"later\":%" PRId64 ",\"last_batch\":%" PRId64 ",\"last_commit_ms\":%.1f",
	    in->connection_count, up, in->open ? "true" : "false", in->pending, in->bytes,
	    sum.batches, sum.stored, in->duplicates, in->refused, in->later, sum.last_batch,
	    (double)sum.last_commit_us / 1000.0);
}

/* ---- channel.h ------------------------------------------------------------------------------ */

static struct span
span_of(const char *s)
{
	return (struct span){ s, s != NULL ? strlen(s) : 0 };
}

/* As much of a text as is kept, ended between characters. */
static struct span
beginning(const char *text, size_t len, size_t longest)
{
	if (len > longest)
		for (len = longest; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	return (struct span){ text, len };
}

/* Copies the bytes to *at and steps over them. */
static void
keep(char **at, struct span *s)
{
	if (s->data == NULL)
		return;
	if (s->len > 0)
		memcpy(*at, s->data, s->len);
	s->data = *at;
	*at += s->len;
}

/* Damaged bytes in an address are no reason to lose what a person said. */
static void
keep_string(char **at, struct span *s, unsigned *flags)
{
	char *begin = *at;

	keep(at, s);
	if (clean_make(begin, s->len))
		*flags |= CHANNEL_DAMAGED;
}

/* A text that is none is left to the clerk, who has the bytes. */
static void
keep_text(char **at, struct span *s, const struct channel_report *r, unsigned *flags)
{
	if (s->data == NULL)
		return;
	if (s->len < r->text_len)
		*flags |= CHANNEL_TRUNCATED;
	if (!clean_is(s->data, s->len)) {
		*flags |= CHANNEL_DAMAGED;
		s->data = NULL;
	}
	keep(at, s);
}

/* A submission whose spans are the report's own. */
static struct channel_submission
lend(const struct channel_report *r)
{
	return (struct channel_submission){
		.link = span_of(r->link != NULL ? channel_link_name(r->link) : ""),
		.source = span_of(r->source),
		.destination = span_of(r->destination != NULL ? r->destination : ""),
		.charset = span_of(r->charset != NULL ? r->charset : "UTF-8"),
		.protocol = span_of(r->protocol),
		.raw = { r->spool != NULL ? NULL
			 : r->raw != NULL ? r->raw
					  : "",
		    r->raw_len },
		.text = beginning(r->text, r->text != NULL ? r->text_len : 0, TEXT_MAX),
		.part = r->part != NULL ? *r->part : (struct channel_part){ 0 },
		.flags = r->flags | (r->file_count > 0 ? WITH_FILES : 0),
		.file_count = r->file_count,
		.resend_s = r->resend_s,
		.spooled = r->spool != NULL,
		.raw_at = r->spool != NULL ? r->spool->raw_at : 0,
	};
}

static bool
in_spool(const struct channel_report *r, const struct channel_file *f)
{
	return r->spool != NULL && f->data == NULL && f->len > 0;
}

static struct submission_file
lend_file(const struct channel_report *r, const struct channel_file *f)
{
	return (struct submission_file){
		.name = beginning(f->name, strlen(f->name), FILE_NAME_MAX),
		.type = span_of(f->type),
		.content = { in_spool(r, f)    ? NULL
			     : f->data != NULL ? f->data
					       : "",
		    f->len },
		.at = f->at,
	};
}

static size_t
files_size(const struct channel_report *r)
{
	size_t size = 0;

	for (size_t i = 0; i < r->file_count; i++) {
		struct submission_file f = lend_file(r, &r->files[i]);
		size += sizeof(f) + f.name.len + f.type.len +
			(f.content.data != NULL ? f.content.len : 0);
	}
	return size;
}

static void
keep_files(char **at, struct channel_submission *s, const struct channel_report *r)
{
	for (size_t i = 0; i < s->file_count; i++) {
		struct submission_file *f = &s->files[i];
		unsigned damaged = 0; /* a name is no reason to doubt the report */

		*f = lend_file(r, &r->files[i]);
		keep_string(at, &f->name, &damaged);
		keep_string(at, &f->type, &damaged);
		keep(at, &f->content);
		if (f->content.data != NULL)
			fingerprint_content(f->content.data, f->content.len, f->hash);
	}
}

/* A descriptor, a key and the hashes of what lies in the spool. False: it cannot be read. */
static bool
keep_spool(struct channel_submission *s, const struct channel_report *r)
{
	bool ok;

	s->spool = fcntl(r->spool->fd, F_DUPFD_CLOEXEC, 0);
	s->spooled = s->spool >= 0;
	ok = s->spooled && getrandom(s->key, sizeof(s->key), 0) == (ssize_t)sizeof(s->key);
	for (size_t i = 0; i < s->file_count; i++) {
		struct submission_file *f = &s->files[i];
		if (f->content.data != NULL)
			continue;
		ok = ok && fingerprint_spooled(s->spool, f->at, f->content.len, f->hash);
	}
	return ok;
}

/* One whose spans are its own, so much of them as the database takes. */
static struct channel_submission *
copy(struct inbox *in, const struct channel_submission *lent, const struct channel_report *r)
{
	size_t size = sizeof(*lent) + lent->link.len + lent->source.len + lent->destination.len +
		      lent->charset.len + lent->protocol.len + (lent->spooled ? 0 : lent->raw.len) +
		      lent->text.len + files_size(r);
	struct channel_submission *s = slab_take(&in->slab, size);
	char *at = (char *)(s + 1);

	*s = *lent;
	s->size = size;
	s->files = (struct submission_file *)at;
	at += s->file_count * sizeof(*s->files);
	keep_string(&at, &s->link, &s->flags);
	keep_string(&at, &s->source, &s->flags);
	keep_string(&at, &s->destination, &s->flags);
	keep_string(&at, &s->charset, &s->flags);
	keep_string(&at, &s->protocol, &s->flags);
	keep(&at, &s->raw);
	keep_text(&at, &s->text, r, &s->flags);
	keep_files(&at, s, r);
	return s;
}

static void
identify(const struct channel *c, struct channel_submission *s, const struct channel_report *r)
{
	const struct fingerprint_piece pieces[] = {
		{ channel_name(c), strlen(channel_name(c)) },
		{ s->source.data, s->source.len },
		{ s->destination.data, s->destination.len },
		{ r->reference, r->reference_len },
		{ &s->part.kind, 1 },
		{ &s->part.reference, sizeof(s->part.reference) },
		{ &s->part.total, sizeof(s->part.total) },
		{ &s->part.number, sizeof(s->part.number) },
		{ r->identity != NULL ? r->identity : s->raw.data,
		    r->identity != NULL ? r->identity_len : s->raw.len },
	};

	fingerprint(pieces, sizeof(pieces) / sizeof(pieces[0]), s->fingerprint);
	s->lane = (uint8_t)fingerprint_lane(s->source.data, s->source.len);
}

/* Why the report is impossible; NULL when it is fine. */
static const char *
impossible(const struct channel_submission *s, const struct channel_report *r)
{
	if (s->source.len == 0 || s->source.len > ADDRESS_MAX)
		return "the source is missing or longer than 254 bytes";
	if (s->destination.len > ADDRESS_MAX)
		return "the destination is longer than 254 bytes";
	if (s->raw.len > RAW_MAX)
		return "it is longer than 32 MiB";
	if (r->spool != NULL && (r->identity == NULL || r->part != NULL))
		return "it lies in a spool and has no identity, or is a part";
	if (r->file_count > FILES_MAX)
		return "it has more than 1,000 attachments";
	for (size_t i = 0; i < r->file_count; i++)
		if (r->files[i].len > FILE_MAX)
			return "one of its attachments is longer than 25 MiB";
	if (r->part != NULL && (s->part.total < 2 || s->part.total > 255 || s->part.number < 1 ||
				   s->part.number > s->part.total))
		return "the numbers of its part make no sense";
	return NULL;
}

static void
begin(struct inbox *in, const struct connection *k, struct batcher *b, struct channel_submission *s)
{
	s->next_same = *bucket(in, s->fingerprint);
	*bucket(in, s->fingerprint) = s;
	if (s->spooled)
		pieces_add(k->pieces, s);
	else
		batcher_add(b, s);
}

/* Ends it before it has begun, or gives it to the batcher of its sender. */
static void
enqueue(struct inbox *in, struct channel_submission *s, const char *why)
{
	const struct connection *k = &in->connections[s->lane % in->connection_count];
	struct batcher *b = k->batchers[s->lane / in->connection_count % BATCHERS];
	struct channel_submission *same;

	in->pending++;
	in->bytes += s->size;
	if (why != NULL || in->pending > in->queue_max || in->bytes > in->bytes_max || !k->up) {
		s->outcome = why != NULL ? s->outcome : CHANNEL_LATER;
		s->reason = why != NULL ? why
			    : !k->up    ? "the database is away"
					: "too many reports are waiting";
		batcher_end(b, s);
	} else if ((same = find_same(in, s->fingerprint)) != NULL) {
		batcher_join(b, same, s);
	} else {
		begin(in, k, b, s);
	}
	set_open(in);
}

struct channel_submission *
channel_submit(struct channel *c, const struct channel_report *r, channel_done_fn *done, void *arg)
{
	static const struct channel_report nothing = { .source = "", .raw = "" };
	struct inbox *in = c->inbox;
	struct channel_submission lent = lend(r), *s;
	const char *why = impossible(&lent, r);

	if (why != NULL) {
		r = &nothing;
		lent = lend(r);
	}
	s = copy(in, &lent, r);
	s->outcome = CHANNEL_REFUSED; /* if at all */
	if (s->spooled && !keep_spool(s, r)) {
		s->outcome = CHANNEL_LATER;
		why = "its spool cannot be read";
	}
	s->done = done;
	s->arg = arg;
	s->begun_us = clock_mono_us();
	identify(c, s, r);
	enqueue(in, s, why);
	return s;
}

void
channel_submission_cancel(struct channel_submission *s)
{
	s->done = NULL;
}

bool
channel_may_submit(const struct channel *c)
{
	return c->inbox->open && !c->draining;
}
