/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel/inbox_params.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "channel/batcher.h"
#include "database/database.h"

enum { ENVELOPES_LOOKED = 8 };

struct inbox_params {
	/* While a batch is written: its envelopes, and which of them each report has, from 1. */
	struct channel_submission **envelopes;
	int16_t *envelope_of;
};

static void
add_span(struct params *p, struct span s)
{
	if (s.data == NULL)
		params_array_null(p);
	else
		params_array_bytes(p, s.data, s.len);
}

/* One letter, or nothing when the report is whole. */
static struct span
part_kind(const struct channel_submission *s)
{
	return (struct span){ s->part.total != 0 ? &s->part.kind : NULL, 1 };
}

#define EACH(type, statement)                                         \
	do {                                                          \
		params_array_begin(p, type);                          \
		for (size_t i = 0; i < count; i++) {                  \
			const struct channel_submission *s = list[i]; \
			statement;                                    \
		}                                                     \
		params_array_end(p);                                  \
	} while (0)

/* Empty where no report has one: the database reads null. */
static void
add_part_columns(struct channel_submission *const *list, size_t count, struct params *p)
{
	size_t parts = 0;

	for (size_t i = 0; i < count; i++)
		parts += list[i]->part.total != 0;
	if (parts == 0)
		count = 0;
	EACH(OID_TEXT, add_span(p, part_kind(s)));
	EACH(OID_INT8, params_array_int8(p, s->part.reference));
	EACH(OID_INT2, params_array_int2(p, (int16_t)s->part.total));
	EACH(OID_INT2, params_array_int2(p, (int16_t)s->part.number));
}

static void
add_windows(struct channel_submission *const *list, size_t count, struct params *p)
{
	size_t own = 0;

	for (size_t i = 0; i < count; i++)
		own += list[i]->resend_s != 0;
	if (own == 0)
		count = 0;
	EACH(OID_INT4, s->resend_s == 0 ? params_array_null(p) : params_array_int4(p, s->resend_s));
}

static bool
same_span(struct span a, struct span b)
{
	return a.len == b.len && (a.data == b.data || (a.data != NULL && b.data != NULL &&
							  memcmp(a.data, b.data, a.len) == 0));
}

static bool
same_envelope(const struct channel_submission *a, const struct channel_submission *b)
{
	return a->flags == b->flags && same_span(a->link, b->link) &&
	       same_span(a->destination, b->destination) && same_span(a->charset, b->charset) &&
	       same_span(a->protocol, b->protocol);
}

/* Says of each report which envelope is its own, and of each envelope which report is the first
 * that has it: what most reports of a burst have in common is sent once. Only the latest few are
 * looked through; one that is not found among them gets its own again. */
static size_t
sort_envelopes(struct inbox_params *in, struct channel_submission *const *list, size_t count)
{
	size_t envelopes = 0;

	for (size_t i = 0; i < count; i++) {
		size_t e = envelopes,
		       oldest = envelopes > ENVELOPES_LOOKED ? envelopes - ENVELOPES_LOOKED : 0;

		while (e > oldest && !same_envelope(in->envelopes[e - 1], list[i]))
			e--;
		if (e == oldest) {
			in->envelopes[envelopes++] = list[i];
			e = envelopes;
		}
		in->envelope_of[i] = (int16_t)e;
	}
	return envelopes;
}

static void
add_envelope_columns(struct channel_submission *const *list, size_t count, struct params *p)
{
	EACH(OID_TEXT, add_span(p, s->link));
	EACH(OID_TEXT, add_span(p, s->destination));
	EACH(OID_TEXT, add_span(p, s->charset));
	EACH(OID_INT4, params_array_int4(p, (int32_t)s->flags));
	EACH(OID_TEXT, add_span(p, s->protocol));
}

#define EACH_FILE(type, statement)                                                    \
	do {                                                                          \
		params_array_begin(p, type);                                          \
		for (size_t i = 0; i < count; i++)                                    \
			for (size_t n = 0; n < list[i]->file_count; n++) {            \
				const struct submission_file *f = &list[i]->files[n]; \
				statement;                                            \
			}                                                             \
		params_array_end(p);                                                  \
	} while (0)

static void
add_file_columns(struct channel_submission *const *list, size_t count, struct params *p)
{
	EACH_FILE(OID_INT4, ((void)f, params_array_int4(p, (int32_t)(i + 1))));
	EACH_FILE(OID_TEXT, add_span(p, f->name));
	EACH_FILE(OID_TEXT, add_span(p, f->type));
	EACH_FILE(OID_BYTEA, params_array_bytes(p, f->hash, HASH_BYTES));
	EACH_FILE(OID_BYTEA, add_span(p, f->content));
}

void
inbox_params_write(struct inbox_params *in, const char *channel,
    struct channel_submission *const *list, size_t count, struct params *p)
{
	size_t bytes = 0, envelopes;

	for (size_t i = 0; i < count; i++)
		bytes += list[i]->size;
	buffer_reserve(&p->bytes, bytes);
	params_text(p, channel);
	params_time(p, clock_now());
	envelopes = sort_envelopes(in, list, count);
	params_array_begin(p, OID_INT2);
	for (size_t i = 0; i < count; i++)
		params_array_int2(p, in->envelope_of[i]);
	params_array_end(p);
	add_envelope_columns(in->envelopes, envelopes, p);
	EACH(OID_TEXT, add_span(p, s->source));
	EACH(OID_BYTEA, add_span(p, s->raw));
	EACH(OID_TEXT, add_span(p, s->text));
	EACH(OID_UUID, params_array_bytes(p, s->fingerprint, FINGERPRINT_BYTES));
	EACH(OID_INT2, params_array_int2(p, s->lane));
	add_part_columns(list, count, p);
	add_windows(list, count, p);
	add_file_columns(list, count, p);
}

struct inbox_params *
inbox_params_new(size_t batch_max)
{
	struct inbox_params *in = xcalloc(1, sizeof(*in));

	in->envelopes = xcalloc(batch_max, sizeof(struct channel_submission *));
	in->envelope_of = xcalloc(batch_max, sizeof(*in->envelope_of));
	return in;
}

void
inbox_params_free(struct inbox_params **params)
{
	struct inbox_params *in = *params;

	*params = NULL;
	if (in == NULL)
		return;
	free(in->envelopes);
	free(in->envelope_of);
	free(in);
}
