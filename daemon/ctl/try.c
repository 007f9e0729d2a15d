/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl try: what the clerk would understand of a text, and why. Writes nothing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "clerk/policy.h"
#include "clerk/route.h"
#include "ctl/ctl.h"
#include "ctl/phone.h"
#include "ctl/sql.h"
#include "ctl/table.h"
#include "ctl/words.h"
#include "embedded.h"
#include "text/understand.h"

enum { TEXT_BYTES_MAX = 65536 };

static const char *const answers[] = { "", "yes", "no", "digits" };

/* What is known of the phone. */
struct sender {
	struct understand_sender known;
	char *building; /* of the only household that it belongs to; or NULL */
};

struct outcome {
	const struct policy_unit *place, *responsible, *told; /* NULL: none, or not known */
};

/* ---- for programs --------------------------------------------------------------------------- */

static void
json_string(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, "\"%s\":", name);
	if (text == NULL || *text == '\0')
		buffer_add_string(out, "null");
	else
		buffer_add_json(out, text, strlen(text));
	buffer_add_byte(out, ',');
}

static void
json_unit(struct buffer *out, const char *name, const struct policy_unit *u)
{
	buffer_printf(out, "\"%s\":", name);
	if (u == NULL) {
		buffer_add_string(out, "null,");
		return;
	}
	buffer_printf(out, "{\"id\":%d,", (int)u->id);
	json_string(out, "name", u->name[TONGUE_ZH]);
	buffer_printf(out, "\"level\":\"%s\"},", u->level);
}

static void
json_category(struct buffer *out, const char *name, const struct words *w,
    const struct understanding_category *c)
{
	buffer_printf(out, "\"%s\":", name);
	if (c->code == NULL) {
		buffer_add_string(out, "null,");
		return;
	}
	buffer_add_byte(out, '{');
	json_string(out, "code", c->code);
	json_string(out, "name", words_category(w, c->code));
	json_string(out, "department", words_department(w, c->code));
	buffer_printf(out, "\"score\":%d},", c->score);
}

static void
json_address(struct buffer *out, const struct words *w, const char *text, const struct address *a)
{
	buffer_add_string(out, "\"address\":{\"units\":[");
	for (unsigned i = 0; i < a->units; i++) {
		buffer_printf(out, "%s{\"id\":%" PRId64 ",", i > 0 ? "," : "", a->unit[i]);
		json_string(out, "name", words_unit(w, a->unit[i]));
		buffer_printf(out, "\"level\":\"%s\"}", address_level_name(a->level[i]));
	}
	buffer_add_string(out, "],");
	json_string(out, "building", a->building);
	json_string(out, "entrance", a->entrance);
	json_string(out, "room", a->room);
	json_string(out, "side", address_side_name(a->side));
	buffer_printf(out, "\"floor\":%d,\"landmark\":", a->floor);
	buffer_add_json(out, text + a->landmark_at, a->landmark_len);
	buffer_add_string(out, "},");
}

static void
json_hits(
    struct buffer *out, const struct words *w, const char *text, const struct understanding *u)
{
	buffer_add_string(out, "\"hits\":[");
	for (unsigned i = 0; i < u->hit_count; i++) {
		const struct understanding_hit *h = &u->hits[i];
		bool place = strcmp(h->category, "place") == 0;

		buffer_add_string(out, i > 0 ? ",{" : "{");
		buffer_printf(out, "\"id\":%" PRId64 ",", h->id);
		json_string(out, "pattern", place ? words_unit(w, h->id) : words_pattern(w, h->id));
		json_string(out, "category", h->category);
		buffer_printf(out, "\"weight\":%d,\"counted\":%s,\"at\":%u,\"text\":", h->weight,
		    h->counted ? "true" : "false", h->span.at);
		buffer_add_json(out, text + h->span.at, h->span.len);
		buffer_add_byte(out, '}');
	}
	buffer_add_string(out, "],");
}

static void
add_json(struct buffer *out, const struct words *w, const char *text, const struct understanding *u,
    const struct outcome *o)
{
	buffer_add_byte(out, '{');
	json_string(out, "text", text);
	json_string(out, "language", language_name(u->language));
	json_string(out, "reply", language_name(u->reply));
	json_string(out, "kind", kind_name(u->kind));
	json_category(out, "category", w, &u->first);
	json_category(out, "second", w, &u->second);
	buffer_printf(out, "\"unsure\":%s,\"urgent\":%s,\"progress\":%s,",
	    u->unsure ? "true" : "false", u->urgent ? "true" : "false",
	    u->progress ? "true" : "false");
	json_address(out, w, text, &u->address);
	buffer_printf(out, "\"number\":%" PRIu64 ",\"number_mistyped\":%s,", u->number,
	    u->number_state == UNDERSTANDING_MISTYPED ? "true" : "false");
	json_string(out, "answer", answers[u->answer]);
	json_hits(out, w, text, u);
	json_unit(out, "place", o->place);
	json_unit(out, "responsible", o->responsible);
	json_unit(out, "told", o->told);
	out->data[out->len - 1] = '}';
	buffer_add_byte(out, '\n');
}

/* ---- for people ----------------------------------------------------------------------------- */

static void
line(struct buffer *out, const char *title, const char *text)
{
	if (text != NULL && *text != '\0')
		buffer_printf(out, "%-12s %s\n", title, text);
}

static void
unit_line(struct buffer *out, const char *title, const struct policy_unit *u)
{
	if (u != NULL)
		buffer_printf(out, "%-12s %s (%s)\n", title, u->name[TONGUE_ZH], u->level);
}

static void
category_line(struct buffer *out, const char *title, const struct words *w,
    const struct understanding_category *c, const char *more)
{
	const char *department;

	if (c->code == NULL)
		return;
	department = words_department(w, c->code);
	buffer_printf(out, "%-12s %s %s, score %d%s%s%s\n", title, c->code,
	    words_category(w, c->code), c->score, *department != '\0' ? ", " : "", department,
	    more);
}

static void
add_address(struct buffer *out, const struct words *w, const char *text, const struct address *a)
{
	struct buffer s = { 0 };

	for (unsigned i = 0; i < a->units; i++)
		buffer_printf(&s, "%s%s %s (%" PRId64 ")", i > 0 ? " or " : "",
		    address_level_name(a->level[i]), words_unit(w, a->unit[i]), a->unit[i]);
	if (a->building[0] != '\0')
		buffer_printf(&s, " building %s", a->building);
	if (a->entrance[0] != '\0')
		buffer_printf(&s, " entrance %s", a->entrance);
	if (a->floor != 0)
		buffer_printf(&s, " floor %d", a->floor);
	if (a->room[0] != '\0')
		buffer_printf(&s, " room %s", a->room);
	if (a->side != ADDRESS_SIDE_NONE)
		buffer_printf(&s, " %s side", address_side_name(a->side));
	if (a->landmark_len > 0)
		buffer_printf(&s, " at \"%.*s\"", (int)a->landmark_len, text + a->landmark_at);
	line(out, "address", s.len > 0 ? s.data + (s.data[0] == ' ') : "none");
	buffer_clear(&s);
}

static void
add_hits(struct buffer *out, const struct words *w, const char *text, const struct understanding *u)
{
	struct table *t = table_new();
	struct buffer cell = { 0 };

	table_title(t, "  WEIGHT", true);
	table_title(t, "CATEGORY", false);
	table_title(t, "PATTERN", false);
	table_title(t, "AT", true);
	table_title(t, "IN THE TEXT", false);
	for (unsigned i = 0; i < u->hit_count; i++) {
		const struct understanding_hit *h = &u->hits[i];
		bool place = strcmp(h->category, "place") == 0;

		buffer_reset(&cell);
		if (!place)
			buffer_printf(&cell, "%d", h->weight);
		table_cell(t, cell.len > 0 ? cell.data : "");
		table_cell(t, h->category);
		table_cell(t, place ? words_unit(w, h->id) : words_pattern(w, h->id));
		buffer_reset(&cell);
		buffer_printf(&cell, "%u", h->span.at);
		table_cell(t, cell.data);
		buffer_reset(&cell);
		buffer_printf(&cell, "%.*s%s", (int)h->span.len, text + h->span.at,
		    h->counted || place ? "" : " (not counted: inside a longer one, or repeated)");
		table_cell(t, cell.data);
	}
	buffer_add_string(out, "why\n");
	table_print(t, table_terminal_width(), out);
	table_free(&t);
	buffer_clear(&cell);
}

static void
add_people(struct buffer *out, const struct words *w, const char *text,
    const struct understanding *u, const struct outcome *o)
{
	line(out, "kind", kind_name(u->kind));
	if (u->first.code == NULL &&
	    (u->kind == KIND_CASE || u->kind == KIND_WISH || u->kind == KIND_PROGRESS))
		line(out, "category", "none: a person decides");
	category_line(out, "category", w, &u->first, u->unsure ? " (unsure: a person picks)" : "");
	category_line(out, "second", w, &u->second, "");
	line(out, "urgent", u->urgent ? "yes" : "no");
	line(out, "progress", u->progress ? "asks after something reported earlier" : "");
	buffer_printf(out, "%-12s %s, answered in %s\n", "language", language_name(u->language),
	    language_name(u->reply));
	if (u->number_state == UNDERSTANDING_NUMBER)
		buffer_printf(out, "%-12s %" PRIu64 "\n", "case number", u->number);
	if (u->number_state == UNDERSTANDING_MISTYPED)
		line(out, "case number", "mistyped: the check digit is wrong");
	line(out, "answer", answers[u->answer]);
	add_address(out, w, text, &u->address);
	unit_line(out, "place", o->place);
	unit_line(out, "responsible", o->responsible);
	unit_line(out, "told", o->told);
	if (u->hit_count > 0)
		add_hits(out, w, text, u);
}

/* ---- the sender and the unit ---------------------------------------------------------------- */

/* What is known of the phone: its language and home. */
static bool
look_up_sender(
    struct ctl *ctl, struct sql *sql, const char *phone, struct sender *sender, int *code)
{
	char number[PHONE_TEXT];
	const char *const values[] = { number };
	enum phone_kind kind;
	struct sql_rows *rows;
	struct err err;

	if (!phone_normalise(phone, number, &kind, &err)) {
		*code = ctl_fail(ctl, EX_USAGE, "--phone: \"%s\" %s", phone, err.text);
		return false;
	}
	if (!sql_query(sql, sql_ctl_sender.text, 1, values, &rows, &err)) {
		*code = ctl_database_fail(ctl, &err);
		return false;
	}
	if (sql_count(rows) > 0) {
		sender->known.home_unit =
		    strtoll(sql_optional(rows, 0, "home_community"), NULL, 10);
		sender->building = xstrdup(sql_optional(rows, 0, "home_building"));
		language_parse(sql_optional(rows, 0, "language"), &sender->known.language);
	}
	sql_rows_free(&rows);
	return true;
}

/* Where it is, who would have it and whose phone would ring, as the clerk decides. */
static void
find_outcome(const struct words *w, const struct understanding *u, const struct sender *sender,
    struct outcome *o)
{
	const struct policy *p = words_policy(w);
	int64_t place = u->address.units > 0 ? u->address.unit[0] : sender->known.home_unit;
	const char *category = u->kind == KIND_WISH ? NULL : u->first.code;
	const char *building = u->address.building;

	if (p == NULL || (u->kind != KIND_CASE && u->kind != KIND_WISH))
		return;
	if (*building == '\0' && sender->building != NULL && place == sender->known.home_unit)
		building = sender->building;
	o->place = route_place(p, place, building);
	o->responsible =
	    route_responsible(p, category, o->place != NULL ? o->place->id : 0, building);
	o->told = route_contact(p, o->place);
}

static int
try(struct ctl *ctl, const struct words *w, const char *text, const struct sender *sender)
{
	struct understand_scratch *scratch = understand_scratch_new();
	struct outcome outcome = { NULL, NULL, NULL };
	struct buffer out = { 0 };
	struct understanding u;

	understand(words_lexicon(w), scratch, text, strlen(text), &sender->known, &u);
	find_outcome(w, &u, sender, &outcome);
	if (ctl_json(ctl))
		add_json(&out, w, text, &u, &outcome);
	else
		add_people(&out, w, text, &u, &outcome);
	ctl_print(&out);
	buffer_clear(&out);
	understand_scratch_free(&scratch);
	return CTL_OK;
}

static struct words *
load_words(struct ctl *ctl, struct sender *sender, int *code)
{
	const char *folder = ctl_value(ctl, "data"), *phone = ctl_value(ctl, "phone");
	struct words *w;
	struct sql *sql;
	struct err err;

	if (folder != NULL) {
		w = words_from_folder(folder, &err);
		if (w == NULL)
			*code = ctl_fail(ctl, EX_NOINPUT, "%s", err.text);
		return w;
	}
	sql = ctl_database(ctl, code);
	if (sql == NULL || (phone != NULL && !look_up_sender(ctl, sql, phone, sender, code)))
		return NULL;
	w = words_from_database(ctl_conninfo(ctl, code), sql, &err);
	if (w == NULL)
		*code = ctl_fail(ctl, EX_CONFIG, "%s", err.text);
	return w;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct sender sender = { .known = { .language = LANGUAGE_UND } };
	struct buffer text = { 0 };
	struct words *w = NULL;
	int code = EX_USAGE;

	for (int i = 0; i < argc; i++)
		buffer_printf(&text, "%s%s", i > 0 ? " " : "", argv[i]);
	if (text.len > TEXT_BYTES_MAX)
		code = ctl_fail(ctl, EX_USAGE, "the text has more than 64 KiB");
	else if (ctl_value(ctl, "data") != NULL && ctl_value(ctl, "phone") != NULL)
		code =
		    ctl_fail(ctl, EX_USAGE, "--phone needs a database; --data works without one");
	else
		w = load_words(ctl, &sender, &code);
	if (w != NULL)
		code = try(ctl, w, text.data, &sender);
	words_free(&w);
	free(sender.building);
	buffer_clear(&text);
	return code;
}

static const struct ctl_option options[] = {
	{ 'p', "phone", "NUMBER", "as if it came from this phone: its language and home are used" },
	{ 'D', "data", "FOLDER",
	    "take the words and places of these TSV files, without a database" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_try = {
	.name = "try",
	.usage = "TEXT ... [--phone NUMBER] [--data FOLDER]",
	.summary = "Shows what would be understood of a text, and why",
	.help = "Shows also where it would be, who would be responsible and who would be told.\n"
		"Nothing is written. The patterns that were found are listed with their weights;\n"
		"those inside a longer one do not count.\n",
	.options = options,
	.minimum = 1,
	.maximum = -1,
	.run = run,
};
