/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl person: what is stored on one person, handed to him or taken out. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/person.h"
#include "ctl/phone.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

enum { ID_DIGITS = 9, ADDRESS_MAX = 254 }; /* longer than that it is a telephone */

static const struct view_column columns[] = {
	{ "id", "id", VIEW_TEXT },
	{ "name", "name", VIEW_TEXT },
	{ "born", "born", VIEW_TEXT },
	{ "language", "language", VIEW_TEXT },
	{ "addresses", "addresses", VIEW_TEXT },
	{ "shared_addresses", "shared addresses", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

bool
person_key(struct ctl *ctl, const char *text, char *out, size_t room, int *code)
{
	char number[PHONE_TEXT];
	enum phone_kind kind;
	struct err err;
	size_t len = strlen(text);

	if (len > 0 && ((len <= ID_DIGITS && ctl_is_id(text) && text[0] != '0') ||
			   (len <= ADDRESS_MAX && strchr(text, '@') != NULL))) {
		snprintf(out, room, "%s", text);
		return true;
	}
	if (phone_normalise(text, number, &kind, &err)) {
		snprintf(out, room, "%s", number);
		return true;
	}
	*code = ctl_fail(ctl, EX_USAGE,
	    "\"%s\" is neither an id of a person nor an address of mail, and as a telephone it %s",
	    text, err.text);
	return false;
}

/* The object of the first row, or why there is none. */
static int
show(struct ctl *ctl, const struct sql_rows *rows, bool as_json)
{
	const char *text = sql_text(rows, 0, "row"), *fault;
	struct buffer out = { 0 };
	struct json *tree = NULL;
	struct err err;
	int code = CTL_OK;

	if (!json_parse(text, strlen(text), &tree, &err)) {
		code = ctl_fail(ctl, EX_SOFTWARE, "%s", err.text);
	} else if (json_member(tree, "fault") != NULL) {
		fault = json_member_text(tree, "fault");
		code = ctl_fail(ctl, CTL_NO, "%s", fault);
	} else if (as_json || ctl_json(ctl)) {
		buffer_printf(&out, "%s\n", text);
	} else {
		view_object(tree, columns, &out);
	}
	json_free(&tree);
	ctl_print(&out);
	buffer_clear(&out);
	return code;
}

static const struct {
	const char *name;
	const struct sql_statement *statement;
} verbs[] = {
	{ "show", &sql_ctl_person_show },
	{ "export", &sql_ctl_person_export },
	{ "erase", &sql_ctl_person_erase },
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]), ERASE = 2 };

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const bool force = ctl_value(ctl, "force") != NULL;
	char now[CLOCK_TEXT], key[ADDRESS_MAX + 1];
	const char *values[] = { key, now, NULL };
	unsigned verb = 0, count = 2;
	struct sql_rows *rows;
	struct sql *sql;
	struct err err;
	int code;

	(void)argc;
	while (verb < VERBS && strcmp(verbs[verb].name, argv[0]) != 0)
		verb++;
	if (verb == VERBS)
		return ctl_fail(ctl, EX_USAGE, "\"%s\" is none of show, export and erase", argv[0]);
	if (force && verb != ERASE)
		return ctl_fail(ctl, EX_USAGE, "--force is for erase only");
	if (ctl_reason(ctl)[strspn(ctl_reason(ctl), " ")] == '\0')
		return ctl_fail(
		    ctl, EX_USAGE, "tell with --reason why; it is kept with who looked at whom");
	if (!person_key(ctl, argv[1], key, sizeof(key), &code))
		return code;
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	clock_format(clock_now(), now);
	if (verb == ERASE) {
		values[1] = force ? "true" : "false";
		values[2] = now;
		count = 3;
	}
	if (!sql_query(sql, verbs[verb].statement->text, count, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	code = show(ctl, rows, verb != 0);
	sql_rows_free(&rows);
	return code;
}

static const struct ctl_option options[] = {
	{ 0, "force", NULL, "erase although something that is open needs the data" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_person = {
	.name = "person",
	.usage = "show | export | erase PHONE | ADDRESS | ID --reason TEXT [--force]",
	.summary = "Shows, exports or erases all that is stored on one person",
	.help = "export prints one JSON object with everything. erase takes out names, numbers,\n"
		"words and pictures everywhere; numbers of cases, states, times and categories\n"
		"stay, and so do statistics. It is refused while a case, a wish or a message is\n"
		"open, and for staff, unless --force is given. It cannot be undone. When several\n"
		"people share a telephone one must be named by his id. Each use is kept, also of\n"
		"what does not exist: hailanctl looks.\n",
	.options = options,
	.minimum = 2,
	.maximum = 2,
	.run = run,
};
