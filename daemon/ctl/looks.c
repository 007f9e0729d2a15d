/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl looks: who looked at whose data, and why. */
#include <string.h>

#include "base/buffer.h"
#include "ctl/ctl.h"
#include "ctl/person.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "at", "WHEN", VIEW_TIME },
	{ "who", "WHO", VIEW_TEXT },
	{ "what", "WHAT", VIEW_TEXT },
	{ "found", "FOUND", VIEW_TEXT },
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "person", "PERSON", VIEW_NUMBER },
	{ "address", "ADDRESS", VIEW_TEXT },
	{ "filter", "ASKED FOR", VIEW_TEXT },
	{ "why", "WHY", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *who = ctl_value(ctl, "who"), *person = ctl_value(ctl, "person");
	struct buffer filter = { 0 };
	struct sql *sql;
	char key[256];
	long limit;
	int code;

	if (!ctl_number(ctl, "limit", 1, 100000, 50, &limit))
		return EX_USAGE;
	if (argc > 0 && !ctl_is_id(argv[0]))
		return ctl_fail(ctl, EX_USAGE, "\"%s\" is no number of a case or wish", argv[0]);
	if (person != NULL && !person_key(ctl, person, key, sizeof(key), &code))
		return code;
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_printf(&filter, "{\"limit\":%ld", limit);
	if (argc > 0)
		buffer_printf(&filter, ",\"number\":%s", argv[0]);
	if (person != NULL) {
		buffer_add_string(&filter, ctl_is_id(key) ? ",\"person\":" : ",\"address\":");
		buffer_add_json(&filter, key, strlen(key));
	}
	if (who != NULL) {
		buffer_add_string(&filter, ",\"who\":");
		buffer_add_json(&filter, who, strlen(who));
	}
	buffer_add_byte(&filter, '}');
	code = view_list(ctl, sql, &sql_ctl_looks, filter.data, columns, "nobody has looked");
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 0, "person", "PHONE|ID", "only at this person or telephone" },
	{ 0, "who", "NAME", "only of this user, user/role or telephone of staff" },
	{ 'l', "limit", "N", "at most so many, the newest first (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_looks = {
	.name = "looks",
	.usage = "[NUMBER] [--person PHONE|ID] [--who NAME] [--limit N]",
	.summary = "Shows who looked at data on people, and why",
	.help =
	    "With a NUMBER only looks at this case or wish. Looks by text have the telephone of\n"
	    "the member of staff, others the user of hailanctl and the role that he logged in\n"
	    "as.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
