/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl track: where somebody of the staff checked in on a day, in the order of time. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "at", "AT", VIEW_TIME },
	{ "unit_name", "GRID", VIEW_TEXT },
	{ "point", "POINT", VIEW_TEXT },
	{ "home", "HOME", VIEW_MARK },
	{ "latitude", "LATITUDE", VIEW_NUMBER },
	{ "longitude", "LONGITUDE", VIEW_NUMBER },
	{ "case_number", "CASE", VIEW_NUMBER },
	{ "note", "NOTE", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

/* One GeoJSON document, as it is. */
static int
print_shape(struct ctl *ctl, struct sql *sql, const char *filter)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { filter, now };
	struct buffer out = { 0 };
	struct sql_rows *rows;
	struct err err;

	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_ctl_track.text, 2, values, &rows, &err))
		return strncmp(sql_state(sql), "22", 2) == 0 ? ctl_fail(ctl, CTL_NO, "%s", err.text)
							     : ctl_database_fail(ctl, &err);
	buffer_printf(&out, "%s\n", sql_text(rows, 0, "row"));
	sql_rows_free(&rows);
	ctl_print(&out);
	buffer_clear(&out);
	return CTL_OK;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *day = ctl_value(ctl, "day");
	bool shape = ctl_value(ctl, "geojson") != NULL;
	struct buffer filter = { 0 };
	struct sql *sql;
	int code;

	(void)argc;
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_add_string(&filter, "{\"who\":");
	buffer_add_json(&filter, argv[0], strlen(argv[0]));
	if (day != NULL) {
		buffer_add_string(&filter, ",\"day\":");
		buffer_add_json(&filter, day, strlen(day));
	}
	buffer_add_string(&filter, shape ? ",\"shape\":true}" : "}");
	code = shape ? print_shape(ctl, sql, filter.data)
		     : view_list(ctl, sql, &sql_ctl_track, filter.data, columns,
			   "no check-ins on that day");
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 't', "day", "YYYY-MM-DD", "the day (default: today)" },
	{ 'g', "geojson", NULL, "as one GeoJSON object, for a map: the points and the line" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_track = {
	.name = "track",
	.usage = "WHO [--day YYYY-MM-DD] [--geojson]",
	.summary = "Shows where somebody of the staff checked in on a day",
	.help = "WHO is a telephone or a name. In the order of time the check-ins are the line of "
		"that\n"
		"day; nothing is known of what lies between. Each look is written down (table\n"
		"track_look). The exit code is 1 when nobody is so called.\n",
	.options = options,
	.minimum = 1,
	.maximum = 1,
	.run = run,
};
