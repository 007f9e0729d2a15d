/* SPDX-License-Identifier: BSD-2-Clause */
/* From words to steps. */
#include "clerk/step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "clerk/message.h"
#include "text/claim.h"
#include "text/command.h"
#include "text/plan.h"
#include "text/understand.h"

/* ---- commands ------------------------------------------------------------------------------- */

const char *
step_command_text(struct arena *a, const struct message *m, const struct command *c)
{
	const struct command_span *r = c->rest;

	if (r[0].len == 0 || r[1].len == 0) {
		const struct command_span *one = r[0].len > 0 ? &r[0] : &r[1];
		return arena_keep(a, m->text + one->at, one->len);
	}
	return arena_printf(
	    a, "%.*s %.*s", (int)r[0].len, m->text + r[0].at, (int)r[1].len, m->text + r[1].at);
}

/* "" when nothing was said. */
static const char *
plan_text(struct arena *a, const struct plan *plan)
{
	struct buffer json = { 0 };
	const char *kept;

	plan_json(plan, &json);
	kept = json.len > strlen("{}") ? arena_keep(a, json.data, json.len) : "";
	buffer_clear(&json);
	return kept;
}

/* What may be about a wish, and then says who comes, when, with what, or how it went. */
static bool
has_plan(enum command_verb verb)
{
	return verb == COMMAND_PUBLISH || verb == COMMAND_DRAFT || verb == COMMAND_DONE ||
	       verb == COMMAND_REPORT || verb == COMMAND_ACCEPT || verb == COMMAND_HOURS;
}

static const char *
command_plan(struct arena *a, const struct message *m, const struct command *c)
{
	struct plan plan;
	const char *kept;

	plan_init(&plan);
	for (int i = 0; i < 2; i++)
		plan_add(&plan, m->text + c->rest[i].at, c->rest[i].len);
	kept = plan_text(a, &plan);
	plan_clear(&plan);
	return kept;
}

void
step_from_claim(struct arena *a, const struct message *m, const struct claim *c,
    const struct plan *plan, struct step *out)
{
	*out = (struct step){
		.action = c->verb == CLAIM_COME ? "claim" : "drop",
		.number = (int64_t)c->number,
		.word = plan_text(a, plan),
		.reason = arena_keep(a, m->text, m->text_len),
	};
}

void
step_from_command(
    struct arena *a, const struct message *m, const struct command *c, struct step *out)
{
	*out = (struct step){
		.action = command_name(c->verb),
		.number = (int64_t)c->number,
		.days = c->days,
		.word = "",
		.reason = step_command_text(a, m, c),
	};
	if (c->word.len > 0)
		out->word = arena_keep(a, m->text + c->word.at, c->word.len);
	else if (c->second != 0)
		out->word = arena_printf(a, "%" PRIu64, c->second);
	else if (has_plan(c->verb))
		out->word = command_plan(a, m, c);
}

/* ---- visits --------------------------------------------------------------------------------- */

void
step_from_visit(struct arena *a, const char *text, const struct understanding *u, int64_t number,
    struct step *out)
{
	const struct address *d = &u->address;

	*out = (struct step){
		.action = command_name(COMMAND_VISIT),
		.number = number,
		.word = arena_printf(a, "%s\t%s\t%s\t%" PRId64, d->building, d->entrance, d->room,
		    d->units > 0 ? d->unit[0] : 0),
		.reason = text,
	};
	if (number == 0 && u->number_state == UNDERSTANDING_NUMBER)
		out->number = (int64_t)u->number;
}

bool
step_visit_is_calm(const char *text)
{
	static const char *const calm[] = { "正常", "平安", "没事", "没问题", "没有问题", "无异常",
		"未见异常", "没异常", "一切都好", "一切安好", "都好", "已检查", "이상없", "이상 없",
		"정상", "무사", "평안", "문제없", "문제 없" };

	for (size_t i = 0; i < sizeof(calm) / sizeof(calm[0]); i++)
		if (strstr(text, calm[i]) != NULL)
			return true;
	return false;
}

/* ---- dialog --------------------------------------------------------------------------------- */

/* What the lines of the function dialog_of() say; strings are lent from them. */
struct open_things {
	unsigned questions, plain; /* plain: to be answered with yes or no */
	unsigned solved;           /* those that ask whether it is */
	unsigned offers;           /* those that ask whether he comes to help */
	bool code;
	const char *asked_category; /* of the last question whether it is solved */
	size_t asked_category_len;
	int64_t merged, closed; /* of the category that was asked for */
};

struct field {
	const char *at;
	size_t len;
};

static bool
is(struct field f, const char *s)
{
	return strlen(s) == f.len && memcmp(f.at, s, f.len) == 0;
}

static void
note_line(struct open_things *o, const struct field *f, const char *category, const char *building)
{
	bool same = category != NULL && is(f[3], category) &&
		    (building[0] == '\0' || f[4].len == 0 || is(f[4], building));
	int64_t number = strtoll(f[2].at, NULL, 10);

	if (is(f[0], "a")) {
		o->questions++;
		o->code |= is(f[1], "confirm");
		o->plain += !is(f[1], "confirm");
		o->offers += is(f[1], "offer") || is(f[1], "place");
		if (is(f[1], "solved")) {
			o->solved++;
			o->asked_category = f[3].at;
			o->asked_category_len = f[3].len;
		}
	} else if (same && is(f[0], "m") && o->merged == 0) {
		o->merged = number;
	} else if (same && is(f[0], "c") && o->closed == 0) {
		o->closed = number;
	}
}

/* Lines of: what, kind, number, category, building; tabs between. */
static void
read_dialog(struct open_things *o, const char *lines, const char *category, const char *building)
{
	while (*lines != '\0') {
		struct field f[5] = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 } };

		for (int i = 0; i < 5; i++) {
			f[i] = (struct field){ lines, strcspn(lines, "\t\n") };
			lines += f[i].len;
			if (*lines != '\t')
				break;
			lines++;
		}
		note_line(o, f, category, building);
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
}

static bool
take(struct step *out, const char *action, int64_t number, const char *word, const char *reason)
{
	*out = (struct step){ .action = action, .number = number, .word = word, .reason = reason };
	return true;
}

/* "接", "我去 带2人", "去不了": to what he was told of and asked. */
static bool
answer_offer(struct arena *a, const struct message *m, struct step *out)
{
	struct claim claim;
	struct plan plan;
	bool ok;

	plan_init(&plan);
	ok = claim_parse(m->text, m->text_len, &claim, &plan) &&
	     claim.number_state == COMMAND_NO_NUMBER;
	if (ok && claim.verb == CLAIM_COME)
		step_from_claim(a, m, &claim, &plan, out);
	else if (ok)
		take(out, "no", 0, "", "");
	plan_clear(&plan);
	return ok;
}

/* An answer to a question of ours, or to none. */
static bool
answer(struct arena *a, const struct message *m, const struct understanding *u,
    const struct open_things *o, struct step *out)
{
	char code[5];
	uint64_t number;
	bool yes;

	if (o->code && command_code(m->text, m->text_len, code))
		return take(out, "digits", 0, arena_keep(a, code, 4), "");
	if (o->offers > 0 && answer_offer(a, m, out))
		return true;
	if (o->plain > 0 && command_answer(m->text, m->text_len, &number, &yes))
		return take(out, yes ? "yes" : "no", (int64_t)number, "", "");
	if (o->solved > 0 && command_solved(m->text, m->text_len, &yes))
		return take(
		    out, yes ? "yes" : "no", 0, "", yes ? "" : arena_keep(a, m->text, m->text_len));
	if (o->questions == 0 || u->kind != KIND_ANSWER)
		return false;
	if (u->answer == UNDERSTANDING_DIGITS)
		return take(out, "digits", 0, arena_printf(a, "%u", u->answer_digits), "");
	return take(out, u->answer == UNDERSTANDING_YES ? "yes" : "no", 0, "",
	    u->progress ? arena_keep(a, m->text, m->text_len) : "");
}

bool
step_from_dialog(struct arena *a, const struct message *m, const struct understanding *u,
    struct step *out, int64_t *merged, int64_t *closed)
{
	struct open_things o = { 0 };
	bool trouble = u->kind == KIND_CASE && !u->urgent && u->first.code != NULL;

	*merged = *closed = 0;
	if (m->dialog == NULL || m->dialog[0] == '\0')
		return false;
	read_dialog(&o, m->dialog, u->first.code, u->address.building);
	if (answer(a, m, u, &o, out))
		return true;
	/* We asked whether it is solved, and he tells of the same trouble. */
	if (trouble && o.solved == 1 && strlen(u->first.code) == o.asked_category_len &&
	    memcmp(u->first.code, o.asked_category, o.asked_category_len) == 0)
		return take(out, "no", 0, "", arena_keep(a, m->text, m->text_len));
	if (trouble && o.closed != 0)
		return take(out, "reopen", o.closed, "", arena_keep(a, m->text, m->text_len));
	if (trouble || u->kind == KIND_PROGRESS)
		*merged = o.merged;
	if (u->kind == KIND_PROGRESS && u->number_state == UNDERSTANDING_NO_NUMBER)
		*closed = o.closed;
	return false;
}
