/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of the files that can be imported, and how each type of cell is checked. */
#include "ctl/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "ctl/phone.h"

#define LEVELS "city|street|town|department|community|village|grid|landmark"

static const struct column units[] = {
	{ .name = "code",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "code of the unit, unique; of a community the statistical code of 12 digits" },
	{ .name = "level",
	    .type = COLUMN_CHOICE,
	    .required = true,
	    .help = "what it is",
	    .choices = LEVELS },
	{ .name = "parent", .type = COLUMN_TEXT, .help = "code of the unit above it" },
	{ .name = "name_zh",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "name in Chinese",
	    .maximum = 64 },
	{ .name = "name_ko", .type = COLUMN_TEXT, .help = "name in Korean", .maximum = 64 },
	{ .name = "aliases", .type = COLUMN_LIST, .help = "other names and spellings" },
	{ .name = "phone", .type = COLUMN_PHONE, .help = "number of its office" },
	{ .name = NULL },
};

static const struct column staff[] = {
	{ .name = "name", .type = COLUMN_TEXT, .required = true, .help = "name", .maximum = 64 },
	{ .name = "unit", .type = COLUMN_TEXT, .required = true, .help = "code of the unit" },
	{ .name = "level",
	    .type = COLUMN_INTEGER,
	    .required = true,
	    .help = "account level: 1 grid worker, 2 community, 3 street or department, 4 city",
	    .minimum = 1,
	    .maximum = 4 },
	{ .name = "phone", .type = COLUMN_MOBILE, .required = true, .help = "mobile number" },
	{ .name = "language",
	    .type = COLUMN_CHOICE,
	    .help = "language of notices",
	    .choices = "zh|ko" },
	{ .name = "duty", .type = COLUMN_YESNO, .help = "gets the notices of the unit" },
	{ .name = "mail", .type = COLUMN_TEXT, .help = "address of mail", .maximum = 254 },
	{ .name = "notices",
	    .type = COLUMN_CHOICE,
	    .help = "by what to be told (default sms)",
	    .choices = "sms|mail" },
	{ .name = NULL },
};

static const struct column volunteers[] = {
	{ .name = "name", .type = COLUMN_TEXT, .required = true, .help = "name", .maximum = 64 },
	{ .name = "phone", .type = COLUMN_MOBILE, .required = true, .help = "mobile number" },
	{ .name = "organisation",
	    .type = COLUMN_TEXT,
	    .help = "office, company or group",
	    .maximum = 128 },
	{ .name = "community", .type = COLUMN_TEXT, .help = "code of the community" },
	{ .name = "language",
	    .type = COLUMN_CHOICE,
	    .help = "language of messages",
	    .choices = "zh|ko" },
	{ .name = NULL },
};

static const struct column allies[] = {
	{ .name = "community",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "code of the community or village" },
	{ .name = "unit",
	    .type = COLUMN_TEXT,
	    .help = "code or Chinese name of a unit, whose staff are told" },
	{ .name = "organisation",
	    .type = COLUMN_TEXT,
	    .help = "organisation, as its volunteers name it",
	    .maximum = 128 },
	{ .name = NULL },
};

static const struct column households[] = {
	{ .name = "community",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "code of the community or village" },
	{ .name = "grid", .type = COLUMN_TEXT, .help = "code of the grid" },
	{ .name = "estate", .type = COLUMN_TEXT, .help = "name of the estate", .maximum = 64 },
	{ .name = "building",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "number of the building",
	    .maximum = 16 },
	{ .name = "entrance",
	    .type = COLUMN_TEXT,
	    .help = "number of the entrance (单元)",
	    .maximum = 16 },
	{ .name = "floor", .type = COLUMN_INTEGER, .help = "floor", .minimum = -5, .maximum = 99 },
	{ .name = "room",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "number of the room",
	    .maximum = 16 },
	{ .name = "flags", .type = COLUMN_LIST, .help = "elderly, vacant, commuter or others" },
	{ .name = "property", .type = COLUMN_YESNO, .help = "the estate has a property company" },
	{ .name = NULL },
};

static const struct column residents[] = {
	{ .name = "name", .type = COLUMN_TEXT, .required = true, .help = "name", .maximum = 64 },
	{ .name = "phone",
	    .type = COLUMN_PHONES,
	    .help = "numbers; one number may belong to several residents" },
	{ .name = "language",
	    .type = COLUMN_CHOICE,
	    .help = "language of messages",
	    .choices = "zh|ko" },
	{ .name = "born", .type = COLUMN_DATE, .help = "day or year of birth" },
	{ .name = "community",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "code of the community or village" },
	{ .name = "building",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "number of the building, as in households",
	    .maximum = 16 },
	{ .name = "entrance",
	    .type = COLUMN_TEXT,
	    .help = "number of the entrance",
	    .maximum = 16 },
	{ .name = "room",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "number of the room",
	    .maximum = 16 },
	{ .name = "flags", .type = COLUMN_LIST, .help = "elderly, disabled or others" },
	{ .name = NULL },
};

static const struct column keywords[] = {
	{ .name = "pattern",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "word or phrase that is looked for",
	    .maximum = 64 },
	{ .name = "category",
	    .type = COLUMN_CODE,
	    .required = true,
	    .help = "code of its category" },
	{ .name = "weight",
	    .type = COLUMN_INTEGER,
	    .required = true,
	    .help = "how much it counts",
	    .minimum = 1,
	    .maximum = 9 },
	{ .name = "language",
	    .type = COLUMN_CHOICE,
	    .help = "language of the pattern",
	    .choices = "zh|ko|und" },
	{ .name = NULL },
};

static const struct column categories[] = {
	{ .name = "code",
	    .type = COLUMN_CODE,
	    .required = true,
	    .help = "code of the category, unique" },
	{ .name = "kind",
	    .type = COLUMN_CHOICE,
	    .required = true,
	    .help = "what it makes of a message",
	    .choices = "case|wish|other|flag" },
	{ .name = "name_zh",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "name in Chinese",
	    .maximum = 64 },
	{ .name = "name_ko", .type = COLUMN_TEXT, .help = "name in Korean", .maximum = 64 },
	{ .name = "urgent", .type = COLUMN_YESNO, .help = "every message of it is urgent" },
	{ .name = "department", .type = COLUMN_TEXT, .help = "name or code of the department" },
	{ .name = NULL },
};

static const struct column routing[] = {
	{ .name = "category",
	    .type = COLUMN_CODE,
	    .help = "code of the category that the rule is for; any when empty" },
	{ .name = "area", .type = COLUMN_TEXT, .help = "code of the unit in which the place lies" },
	{ .name = "has_property",
	    .type = COLUMN_YESNO,
	    .help = "where the estate has a property company, or has none" },
	{ .name = "rural",
	    .type = COLUMN_YESNO,
	    .help = "where the place is in a village, or in none" },
	{ .name = "priority",
	    .type = COLUMN_INTEGER,
	    .help = "of rules with as many conditions the smaller goes first; 100 when empty",
	    .minimum = 1,
	    .maximum = 1000 },
	{ .name = "unit",
	    .type = COLUMN_TEXT,
	    .help = "code or Chinese name of the responsible unit" },
	{ .name = "level",
	    .type = COLUMN_CHOICE,
	    .help = "or the level: the unit above the place that has it",
	    .choices = "grid|community|village|street|town|city" },
	{ .name = NULL },
};

static const struct column templates[] = {
	{ .name = "name", .type = COLUMN_CODE, .required = true, .help = "name of the template" },
	{ .name = "language",
	    .type = COLUMN_CHOICE,
	    .required = true,
	    .help = "language of the text",
	    .choices = "zh|ko" },
	{ .name = "body",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "text, with its parameters in braces",
	    .maximum = 500 },
	{ .name = NULL },
};

static const struct column calendar[] = {
	{ .name = "day", .type = COLUMN_DATE, .required = true, .help = "the day" },
	{ .name = "kind",
	    .type = COLUMN_CHOICE,
	    .required = true,
	    .help = "holiday, weekend day worked instead, or an ordinary working day after all",
	    .choices = "rest|makeup|work" },
	{ .name = "name", .type = COLUMN_TEXT, .help = "what it is called", .maximum = 64 },
	{ .name = NULL },
};
static const struct column hours[] = {
	{ .name = "unit",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "code of the unit; those below it have the same hours",
	    .maximum = 32 },
	{ .name = "hours",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "as 08:00-11:30 13:30-17:00",
	    .maximum = 128 },
	{ .name = NULL },
};
static const struct column visits[] = {
	{ .name = "flag",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "homes with this flag, or with a resident who has it",
	    .maximum = 32 },
	{ .name = "visits",
	    .type = COLUMN_INTEGER,
	    .required = true,
	    .help = "on how many days of each month they are visited; 0: the flag counts no more",
	    .minimum = 0,
	    .maximum = 31 },
	{ .name = NULL },
};
/* hailan-rules(5) explains each. */
static const struct column rules[] = {
	{ .name = "name",
	    .type = COLUMN_CODE,
	    .required = true,
	    .help = "name of the rule; its lines stand together, one for each step" },
	{ .name = "subject",
	    .type = COLUMN_CHOICE,
	    .help = "what it is about",
	    .choices = "case|wish" },
	{ .name = "family",
	    .type = COLUMN_CODE,
	    .help = "of the rules of one family only the most particular one runs" },
	{ .name = "enabled", .type = COLUMN_YESNO, .help = "whether it counts" },
	{ .name = "states",
	    .type = COLUMN_LIST,
	    .help = "lights or states in which its clock runs" },
	{ .name = "clock",
	    .type = COLUMN_CHOICE,
	    .help = "when the clock starts",
	    .choices = "entry|dispatch|filed" },
	{ .name = "categories", .type = COLUMN_LIST, .help = "only for these categories" },
	{ .name = "urgent", .type = COLUMN_YESNO, .help = "only for what is urgent, or is not" },
	{ .name = "levels",
	    .type = COLUMN_LIST,
	    .help = "only while units of these levels hold it" },
	{ .name = "limit",
	    .type = COLUMN_INTEGER,
	    .help = "the limit",
	    .minimum = 1,
	    .maximum = 100000 },
	{ .name = "unit",
	    .type = COLUMN_CHOICE,
	    .help = "of the limit",
	    .choices = "minutes|working_hours|days|working_days" },
	{ .name = "next_day", .type = COLUMN_YESNO, .help = "count from the next day" },
	{ .name = "priority",
	    .type = COLUMN_INTEGER,
	    .help = "the smaller goes first within a family",
	    .minimum = 0,
	    .maximum = 1000 },
	{ .name = "percent",
	    .type = COLUMN_INTEGER,
	    .help = "the step comes at so much of the limit",
	    .minimum = 0,
	    .maximum = 10000 },
	{ .name = "after",
	    .type = COLUMN_INTEGER,
	    .help = "or so many units after the limit, negative: before it",
	    .minimum = -100000,
	    .maximum = 100000 },
	{ .name = "who", .type = COLUMN_LIST, .required = true, .help = "who is told" },
	{ .name = "template", .type = COLUMN_CODE, .required = true, .help = "what is said" },
	{ .name = "action",
	    .type = COLUMN_CHOICE,
	    .help = "what happens beside",
	    .choices = "remind|ask|supervise|wave|expire|archive" },
	{ .name = "at_once",
	    .type = COLUMN_YESNO,
	    .help = "at any hour and by itself, not within working hours and gathered" },
	{ .name = "repeat",
	    .type = COLUMN_INTEGER,
	    .help = "the last step again every so many units",
	    .minimum = 1,
	    .maximum = 100000 },
	{ .name = "times",
	    .type = COLUMN_INTEGER,
	    .help = "so many times",
	    .minimum = 1,
	    .maximum = 1000 },
	{ .name = NULL },
};

static const struct column services[] = {
	{ .name = "unit",
	    .type = COLUMN_TEXT,
	    .required = true,
	    .help = "code or name of the community, or of the city",
	    .maximum = 64 },
	{ .name = "count",
	    .type = COLUMN_INTEGER,
	    .required = true,
	    .help = "services given before they were counted here",
	    .minimum = 0,
	    .maximum = 1000000000 },
	{ .name = NULL },
};

const struct kind kinds[] = {
	{ "units", "import_units", units },
	{ "staff", "import_staff", staff },
	{ "volunteers", "import_volunteers", volunteers },
	{ "allies", "import_allies", allies },
	{ "households", "import_households", households },
	{ "residents", "import_residents", residents },
	{ "keywords", "import_keywords", keywords },
	{ "categories", "import_categories", categories },
	{ "routing", "import_routing", routing },
	{ "templates", "import_templates", templates },
	{ "calendar", "import_calendar", calendar },
	{ "hours", "import_hours", hours },
	{ "rules", "import_rules", rules },
	{ "visits", "import_visits", visits },
	{ "services", "import_services", services },
	{ NULL, NULL, NULL },
};

const struct kind *
kind_find(const char *name)
{
	for (const struct kind *k = kinds; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

const struct column *
column_find(const struct kind *kind, const char *name)
{
	for (const struct column *c = kind->columns; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* ---- cells ---------------------------------------------------------------------------------- */

static bool
add_text(const char *cell, struct buffer *json, struct err *err)
{
	if (strlen(cell) > COLUMN_TEXT_MAX)
		return err_set(err, "has more than %d bytes", COLUMN_TEXT_MAX);
	for (const char *p = cell; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\r' && *p != '\t')
			return err_set(err, "holds a control character");
	buffer_add_json(json, cell, strlen(cell));
	return true;
}

static bool
add_limited_text(const struct column *c, const char *cell, struct buffer *json, struct err *err)
{
	long letters = 0;

	for (const char *p = cell; *p != '\0'; p++)
		letters += ((unsigned char)*p & 0xC0) != 0x80;
	if (c->maximum > 0 && letters > c->maximum)
		return err_set(err, "has more than %ld letters", c->maximum);
	return add_text(cell, json, err);
}

static bool
add_code(const char *cell, struct buffer *json, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strlen(cell);

	if (len > 32 || strspn(cell, letters) != len || cell[0] == '_' ||
	    strspn(cell, letters + 27))
		return err_set(err, "is no code of at most 32 lower-case letters, digits and _");
	return add_text(cell, json, err);
}

static bool
add_integer(const struct column *c, const char *cell, struct buffer *json, struct err *err)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(cell, &end, 10);
	if (errno != 0 || end == cell || *end != '\0' || v < c->minimum || v > c->maximum)
		return err_set(err, "is no number from %ld to %ld", c->minimum, c->maximum);
	buffer_printf(json, "\"%ld\"", v);
	return true;
}

static bool
add_choice(const struct column *c, const char *cell, struct buffer *json, struct err *err)
{
	size_t len = strlen(cell);

	for (const char *p = c->choices; *p != '\0';) {
		size_t n = strcspn(p, "|");

		if (n == len && strncmp(p, cell, n) == 0)
			return add_text(cell, json, err);
		p += n + (p[n] == '|');
	}
	return err_set(err, "is none of %s", c->choices);
}

static bool
add_yesno(const char *cell, struct buffer *json, struct err *err)
{
	static const char *const words[][2] = {
		{ "yes", "no" },
		{ "true", "false" },
		{ "1", "0" },
		{ "是", "否" },
		{ "有", "无" },
		{ "예", "아니오" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int no = 0; no < 2; no++) {
			if (strcmp(cell, words[i][no]) == 0) {
				buffer_add_string(json, no ? "false" : "true");
				return true;
			}
		}
	}
	return err_set(err, "is neither yes nor no");
}

static bool
valid_day(int year, int month, int day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1850 || year > 2200 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && leap);
}

static bool
add_date(const char *cell, struct buffer *json, struct err *err)
{
	static const char *const forms[] = { "%4d-%2d-%2d%n", "%4d/%2d/%2d%n", "%4d.%2d.%2d%n",
		"%4d年%2d月%2d日%n", "%4d년%2d월%2d일%n" };
	int year, month, day, end;

	if (strlen(cell) == 4 && strspn(cell, "0123456789") == 4 && valid_day(atoi(cell), 1, 1)) {
		buffer_printf(json, "\"%s\"", cell);
		return true;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		end = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (sscanf(cell, forms[i], &year, &month, &day, &end) < 3 || end == 0 ||
		    cell[end] != '\0' || !valid_day(year, month, day))
			continue;
#pragma GCC diagnostic pop
		buffer_printf(json, "\"%04d-%02d-%02d\"", year, month, day);
		return true;
	}
	return err_set(err, "is no day like 1948-03-02 and no year");
}

static bool
add_phone(enum column_type type, const char *cell, struct buffer *json, struct err *err)
{
	char number[PHONE_TEXT];
	enum phone_kind kind;

	if (!phone_normalise(cell, number, &kind, err))
		return false;
	if (type == COLUMN_MOBILE && kind == PHONE_LANDLINE)
		return err_set(err, "is a landline and gets no text messages");
	buffer_printf(json, "\"%s\"", number);
	return true;
}

/* Elements separated by "|" or "｜", empty ones left out. */
static bool
add_list(enum column_type type, const char *cell, struct buffer *json, struct err *err)
{
	char *copy = xstrdup(cell), *rest = copy, *one, *wide;
	const char *comma = "";
	bool ok = true;

	while ((wide = strstr(copy, "｜")) != NULL) {
		wide[0] = '|';
		memmove(wide + 1, wide + 3, strlen(wide + 3) + 1);
	}
	buffer_add_byte(json, '[');
	while (ok && (one = strsep(&rest, "|")) != NULL) {
		size_t len;

		one += strspn(one, " ");
		for (len = strlen(one); len > 0 && one[len - 1] == ' '; len--)
			one[len - 1] = '\0';
		if (*one == '\0')
			continue;
		buffer_add_string(json, comma);
		comma = ",";
		ok = type == COLUMN_PHONES ? add_phone(type, one, json, err)
					   : add_text(one, json, err);
	}
	buffer_add_byte(json, ']');
	free(copy);
	return ok;
}

static bool
add_cell(const struct column *c, const char *cell, struct buffer *json, struct err *err)
{
	switch (c->type) {
	case COLUMN_TEXT:
		return add_limited_text(c, cell, json, err);
	case COLUMN_CODE:
		return add_code(cell, json, err);
	case COLUMN_INTEGER:
		return add_integer(c, cell, json, err);
	case COLUMN_CHOICE:
		return add_choice(c, cell, json, err);
	case COLUMN_YESNO:
		return add_yesno(cell, json, err);
	case COLUMN_DATE:
		return add_date(cell, json, err);
	case COLUMN_PHONE:
	case COLUMN_MOBILE:
		return add_phone(c->type, cell, json, err);
	case COLUMN_LIST:
	case COLUMN_PHONES:
		return add_list(c->type, cell, json, err);
	}
	abort();
}

/* What is wrong, as in: phone "10086" is a service number. */
static bool
blame(const struct column *c, const char *cell, struct err *err)
{
	struct err reason = *err;
	size_t len = strlen(cell);

	if (len > 60) /* not inside a letter */
		for (len = 60; len > 0 && ((unsigned char)cell[len] & 0xC0) == 0x80; len--)
			;
	return err_set(err, "%s \"%.*s\" %.300s", c->name, (int)len, cell, reason.text);
}

bool
column_add(const struct column *c, const char *cell, struct buffer *json, struct err *err)
{
	if (cell[0] == '\0')
		return !c->required || err_set(err, "%s is empty", c->name);
	buffer_printf(json, ",\"%s\":", c->name);
	return add_cell(c, cell, json, err) || blame(c, cell, err);
}
