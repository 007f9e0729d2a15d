/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions as the arrays of clerk_file, column by column in the order of its parameters. */
#include "clerk/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "clerk/decide.h"
#include "database/database.h"

struct batch *
batch_new(void)
{
	return xcalloc(1, sizeof(struct batch));
}

void
batch_free(struct batch **b)
{
	if (*b == NULL)
		return;
	arena_clear(&(*b)->arena);
	free((*b)->decisions);
	free(*b);
	*b = NULL;
}

struct decision *
batch_add(struct batch *b)
{
	if (b->count == b->room) {
		b->room = b->room * 2 + 64;
		b->decisions = xreallocarray(b->decisions, b->room, sizeof(*b->decisions));
	}
	return &b->decisions[b->count++];
}

/* ---- elements ------------------------------------------------------------------------------- */

static void
text(struct params *p, const char *s)
{
	params_array_bytes(p, s, strlen(s));
}

static void
text_or_null(struct params *p, const char *s)
{
	if (s == NULL || s[0] == '\0')
		params_array_null(p);
	else
		text(p, s);
}

static void
int4_or_null(struct params *p, int64_t v)
{
	if (v == 0)
		params_array_null(p);
	else
		params_array_int4(p, (int32_t)v);
}

static void
int8_or_null(struct params *p, int64_t v)
{
	if (v == 0)
		params_array_null(p);
	else
		params_array_int8(p, v);
}

/* ---- columns -------------------------------------------------------------------------------- */

/* What a column is made of: every decision, those that file, each text that goes out … */
typedef void decision_fn(struct params *p, const struct decision *d, size_t n);
typedef void
out_fn(struct params *p, const struct decision *d, const struct decision_out *o, size_t n);

struct column {
	uint32_t type;
	decision_fn *add;
};
struct out_column {
	uint32_t type;
	out_fn *add;
};

#define COLUMN(name, statement)                                                \
	static void name(struct params *p, const struct decision *d, size_t n) \
	{                                                                      \
		(void)n;                                                       \
		(void)d;                                                       \
		statement;                                                     \
	}
#define OUT_COLUMN(name, statement)                                                             \
	static void name(                                                                       \
	    struct params *p, const struct decision *d, const struct decision_out *o, size_t n) \
	{                                                                                       \
		(void)n;                                                                        \
		(void)d;                                                                        \
		(void)o;                                                                        \
		statement;                                                                      \
	}

COLUMN(place_in_batch, params_array_int4(p, (int32_t)n))
COLUMN(id, params_array_int8(p, d->id))
COLUMN(verdict, text(p, d->verdict))
COLUMN(decoded, text_or_null(p, d->decoded))
COLUMN(number, params_array_int8(p, d->number))
COLUMN(is_wish, params_array_bool(p, d->wish))
COLUMN(phone, text(p, d->phone))
COLUMN(person, int8_or_null(p, d->person))
COLUMN(entered_by, int8_or_null(p, d->entered_by))
COLUMN(category, text_or_null(p, d->category))
COLUMN(category2, text_or_null(p, d->category2))
COLUMN(score, params_array_int2(p, (int16_t)(d->score > 32767 ? 32767 : d->score)))
COLUMN(unit, int4_or_null(p, d->unit))
COLUMN(place, int4_or_null(p, d->place))
COLUMN(tongue, text(p, tongue_name(d->tongue)))
COLUMN(body, text(p, d->text))
COLUMN(building, text_or_null(p, d->building))
COLUMN(entrance, text_or_null(p, d->entrance))
COLUMN(room, text_or_null(p, d->room))
COLUMN(landmark, text_or_null(p, d->landmark))
COLUMN(urgent, params_array_bool(p, d->urgent))
COLUMN(event_number, params_array_int8(p, d->event_number))
COLUMN(event_action, text(p, d->event_action))
COLUMN(event_reason, text_or_null(p, d->event_reason))
COLUMN(contact, text(p, d->contact))
COLUMN(step_action, text(p, d->step.action))
COLUMN(step_number, int8_or_null(p, d->step.number))
COLUMN(step_word, text_or_null(p, d->step.word))
COLUMN(step_days, int4_or_null(p, d->step.days))
COLUMN(step_reason, text_or_null(p, d->step.reason))
COLUMN(step_language, text(p, tongue_name(d->tongue)))

static void
floor_of(struct params *p, const struct decision *d, size_t n)
{
	(void)n;
	if (d->floor == 0)
		params_array_null(p);
	else
		params_array_int2(p, (int16_t)d->floor);
}

static void
contact_language(struct params *p, const struct decision *d, size_t n)
{
	(void)n;
	/* Opting in or out says nothing of the language. */
	if (d->contact_campaigns >= 0)
		params_array_null(p);
	else
		text(p, tongue_name(d->contact_tongue));
}

static void
contact_campaigns(struct params *p, const struct decision *d, size_t n)
{
	(void)n;
	if (d->contact_campaigns < 0)
		params_array_null(p);
	else
		params_array_bool(p, d->contact_campaigns == 1);
}

OUT_COLUMN(out_message, params_array_int4(p, (int32_t)n))
OUT_COLUMN(out_channel, text(p, o->channel))
OUT_COLUMN(out_link, text(p, o->link))
OUT_COLUMN(out_source, text(p, o->source))
OUT_COLUMN(out_destination, text(p, o->destination))
OUT_COLUMN(out_priority, params_array_int2(p, (int16_t)o->priority))
OUT_COLUMN(out_not_before, params_array_null(p))
OUT_COLUMN(out_language, text(p, tongue_name(o->tongue)))
OUT_COLUMN(out_template, text(p, template_name(o->template)))
OUT_COLUMN(out_params, params_array_null(p))
OUT_COLUMN(out_body, text(p, o->body))
OUT_COLUMN(out_number, int8_or_null(p, o->number))

static void
out_not_after(struct params *p, const struct decision *d, const struct decision_out *o, size_t n)
{
	(void)d;
	(void)n;
	if (o->not_after_us == 0)
		params_array_null(p);
	else
		params_array_time(p, o->not_after_us);
}

static const struct column message_columns[] = {
	{ OID_INT8, id },
	{ OID_TEXT, verdict },
	{ OID_TEXT, decoded },
};
static const struct column case_columns[] = {
	{ OID_INT4, place_in_batch },
	{ OID_INT8, number },
	{ OID_BOOL, is_wish },
	{ OID_TEXT, phone },
	{ OID_INT8, person },
	{ OID_INT8, entered_by },
	{ OID_TEXT, category },
	{ OID_TEXT, category2 },
	{ OID_INT2, score },
	{ OID_INT4, unit },
	{ OID_INT4, place },
	{ OID_TEXT, tongue },
	{ OID_TEXT, body },
	{ OID_TEXT, building },
	{ OID_TEXT, entrance },
	{ OID_INT2, floor_of },
	{ OID_TEXT, room },
	{ OID_TEXT, landmark },
	{ OID_BOOL, urgent },
};
static const struct column event_columns[] = {
	{ OID_INT4, place_in_batch },
	{ OID_INT8, event_number },
	{ OID_TEXT, event_action },
	{ OID_TEXT, event_reason },
};
static const struct column step_columns[] = {
	{ OID_INT4, place_in_batch },
	{ OID_TEXT, step_action },
	{ OID_INT8, step_number },
	{ OID_TEXT, step_word },
	{ OID_INT4, step_days },
	{ OID_TEXT, step_reason },
	{ OID_TEXT, step_language },
};
static const struct out_column out_columns[] = {
	{ OID_INT4, out_message },
	{ OID_TEXT, out_channel },
	{ OID_TEXT, out_link },
	{ OID_TEXT, out_source },
	{ OID_TEXT, out_destination },
	{ OID_INT2, out_priority },
	{ OID_TIMESTAMPTZ, out_not_before },
	{ OID_TIMESTAMPTZ, out_not_after },
	{ OID_TEXT, out_language },
	{ OID_TEXT, out_template },
	{ OID_TEXT, out_params },
	{ OID_TEXT, out_body },
	{ OID_INT8, out_number },
};
static const struct column contact_columns[] = {
	{ OID_TEXT, contact },
	{ OID_TEXT, contact_language },
	{ OID_BOOL, contact_campaigns },
};

/* ---- which decisions have a row ------------------------------------------------------------- */

typedef bool has_fn(const struct decision *d);

static bool
always(const struct decision *d)
{
	(void)d;
	return true;
}

static bool
files(const struct decision *d)
{
	return d->files;
}

static bool
has_event(const struct decision *d)
{
	return d->event_number != 0;
}

static bool
has_contact(const struct decision *d)
{
	return d->contact != NULL;
}

static bool
has_step(const struct decision *d)
{
	return d->step.action != NULL;
}

struct slice {
	const struct decision *first;
	size_t count;
};

static void
add_columns(
    struct params *p, struct slice s, const struct column *columns, size_t count, has_fn *has)
{
	for (size_t c = 0; c < count; c++) {
		params_array_begin(p, columns[c].type);
		for (size_t i = 0; i < s.count; i++)
			if (has(&s.first[i]))
				columns[c].add(p, &s.first[i], i + 1);
		params_array_end(p);
	}
}

static void
add_out_columns(struct params *p, struct slice s)
{
	for (size_t c = 0; c < sizeof(out_columns) / sizeof(out_columns[0]); c++) {
		params_array_begin(p, out_columns[c].type);
		for (size_t i = 0; i < s.count; i++)
			for (unsigned o = 0; o < s.first[i].out_count; o++)
				out_columns[c].add(p, &s.first[i], &s.first[i].out[o], i + 1);
		params_array_end(p);
	}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool
batch_has_steps(const struct batch *b, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (has_step(&b->decisions[i]))
			return true;
	return false;
}

void
batch_params(const struct batch *b, size_t from, size_t to, int64_t now_us, struct params *p)
{
	struct slice s = { b->decisions + from, to - from };

	params_reset(p);
	params_time(p, now_us);
	add_columns(p, s, message_columns, COUNT(message_columns), always);
	add_columns(p, s, case_columns, COUNT(case_columns), files);
	add_columns(p, s, event_columns, COUNT(event_columns), has_event);
	add_out_columns(p, s);
	add_columns(p, s, contact_columns, COUNT(contact_columns), has_contact);
	if (batch_has_steps(b, from, to))
		add_columns(p, s, step_columns, COUNT(step_columns), has_step);
}
