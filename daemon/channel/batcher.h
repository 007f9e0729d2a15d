/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Submissions (reports, receipts) on their way into the database over one connection: while one
 * batch is being committed the next gathers, so a lone submission goes at once and a burst goes in
 * hundreds. Every submission ends exactly once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "channel/channel.h"
#include "channel/fingerprint.h"

struct batcher;
struct database;
struct event_base;
struct params;
struct result;
struct sql_statement;

/* Bytes of a submission; data NULL: none. */
struct span {
	const char *data;
	size_t len;
};

/* What came with a report; name and type are UTF-8. */
struct submission_file {
	struct span name, type, content; /* content.data NULL: in the spool */
	int64_t at;
	uint8_t hash[HASH_BYTES];
};

enum { PIECES_KEY_BYTES = 16 };

/* From a slab, and owned by its batcher until done has run; then given back. bytes holds what the
 * spans show. */
struct channel_submission {
	TAILQ_ENTRY(channel_submission) entry;
	channel_done_fn *done; /* NULL: cancelled */
	void *arg;
	const char *reason; /* lent by whoever ends it until done has run; NULL: none */

	/* Reports with the same fingerprint that came while this one was under way: when it is
	 * stored they are given to the database, which counts them; else they share its end. */
	struct channel_submission *twins, *next_same;
	uint8_t fingerprint[FINGERPRINT_BYTES];

	struct span link, source, destination, charset, protocol, raw, text;
	struct submission_file *files; /* behind the struct */
	size_t file_count;
	int32_t resend_s;         /* 0: the common window */
	struct channel_part part; /* total 0: whole */
	unsigned flags;
	enum channel_outcome outcome;
	enum channel_receipt_state receipt;
	uint8_t lane, refusals;
	int64_t begun_us; /* when it came in, of the monotonic clock; reports only */
	size_t size;      /* of it all, for the bound */

	/* Of what comes in pieces before it (pieces.h). */
	bool spooled;
	int spool; /* its own */
	int64_t raw_at;
	uint8_t key[PIECES_KEY_BYTES];
	char bytes[];
};

struct batcher_kind {
	const struct sql_statement *statement;
	/* The parameters of so many submissions. */
	void (*params)(
	    void *arg, struct channel_submission *const *list, size_t count, struct params *out);
	/* It is committed, and what it answered; all have the outcome STORED already. May be NULL.
	 */
	void (*answer)(void *arg, const struct result *r, struct channel_submission *const *list,
	    size_t count);
	/* So long the commit took; may be NULL. */
	void (*committed)(void *arg, int64_t us);
	/* A submission has ended, before done runs. */
	void (*ended)(void *arg, struct channel_submission *s);
};

struct batcher *batcher_new(struct event_base *base, struct database *db,
    const struct batcher_kind *kind, size_t batch_max, void *arg);
/* No done runs any more. Accepts NULL, sets NULL. */
void batcher_free(struct batcher **b);

/* Takes the submission over. */
void batcher_add(struct batcher *b, struct channel_submission *s);
/* Takes over a submission that has ended already: outcome and reason, a literal, are set. */
void batcher_end(struct batcher *b, struct channel_submission *s);
/* Takes twin over too and hangs it on s, which is under way. */
void batcher_join(struct batcher *b, struct channel_submission *s, struct channel_submission *twin);
/* The database's connection came up or went down. */
void batcher_database(struct batcher *b, bool up);
size_t batcher_pending(const struct batcher *b);

struct batcher_figures {
	int64_t batches, stored, last_commit_us, last_batch;
};
void batcher_figures(const struct batcher *b, struct batcher_figures *out);
