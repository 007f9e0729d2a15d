/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl bank: the time bank's accounts and its ledger; hours moved or reversed, with a reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/phone.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

enum { HOURS_MAX = 2400 };

static const struct view_column balance_columns[] = {
	{ "account", "ACCOUNT", VIEW_NUMBER },
	{ "name", "NAME", VIEW_TEXT },
	{ "phone", "PHONE", VIEW_TEXT },
	{ "hours", "HOURS", VIEW_NUMBER },
	{ "waiting", "WAITING", VIEW_NUMBER },
	{ "last_at", "LAST ENTRY", VIEW_TIME },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column ledger_columns[] = {
	{ "transaction", "TRANSACTION", VIEW_NUMBER },
	{ "at", "AT", VIEW_TIME },
	{ "kind", "KIND", VIEW_TEXT },
	{ "account", "ACCOUNT", VIEW_NUMBER },
	{ "name", "NAME", VIEW_TEXT },
	{ "hours", "HOURS", VIEW_NUMBER },
	{ "balance", "BALANCE", VIEW_NUMBER },
	{ "wish", "WISH", VIEW_NUMBER },
	{ "reversed_by", "REVERSED BY", VIEW_NUMBER },
	{ "reason", "REASON", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column waiting_columns[] = {
	{ "noted_at", "NOTED", VIEW_TIME },
	{ "wish", "WISH", VIEW_NUMBER },
	{ "account", "ACCOUNT", VIEW_NUMBER },
	{ "name", "NAME", VIEW_TEXT },
	{ "hours", "HOURS", VIEW_NUMBER },
	{ "state", "STATE", VIEW_TEXT },
	{ "helper", "HELPER SAYS", VIEW_TEXT },
	{ "other", "OTHER SIDE SAYS", VIEW_TEXT },
	{ "side", "WHO", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column done_columns[] = {
	{ "transaction", "TRANSACTION", VIEW_NUMBER },
	{ "reverses", "REVERSES", VIEW_NUMBER },
	{ "hours", "HOURS", VIEW_NUMBER },
	{ "from", "FROM", VIEW_NUMBER },
	{ "to", "TO", VIEW_NUMBER },
	{ "balance", "BALANCE THERE", VIEW_NUMBER },
	{ NULL, NULL, VIEW_TEXT },
};

/* "city", the number of an account, or a phone in one form. False after saying why. */
static bool
who(struct ctl *ctl, const char *text, char out[PHONE_TEXT])
{
	enum phone_kind kind;
	struct err err;
	size_t len = strlen(text);

	if (strcmp(text, "city") == 0 ||
	    (len > 0 && len <= 7 && strspn(text, "0123456789") == len)) {
		snprintf(out, PHONE_TEXT, "%s", text);
		return true;
	}
	if (phone_normalise(text, out, &kind, &err))
		return true;
	ctl_fail(ctl, EX_USAGE, "\"%s\" %s; expected a phone, the number of an account, or city",
	    text, err.text);
	return false;
}

/* "1.5", "2h": only whole half hours. False after saying why. */
static bool
half_hours(struct ctl *ctl, const char *text, char out[16])
{
	char *end;
	double hours = strtod(text, &end);

	if (end != text && strcmp(end, "h") == 0)
		end++;
	if (end == text || *end != '\0' || !(hours >= 0.5 && hours <= HOURS_MAX) ||
	    (double)(int)(hours * 2) < hours * 2) {
		ctl_fail(ctl, EX_USAGE,
		    "\"%s\" is no number of hours from 0.5 to %d in steps of a half", text,
		    HOURS_MAX);
		return false;
	}
	snprintf(out, 16, "%d", (int)(hours * 2));
	return true;
}

/* What the bank refuses is an answer, not a fault. */
static int
refused(struct ctl *ctl, struct sql *sql, const struct err *err)
{
	const char *state = sql_state(sql);

	if (strcmp(state, "HA006") == 0 || strcmp(state, "HA007") == 0)
		return ctl_fail(ctl, CTL_NO, "%s", err->text);
	return ctl_database_fail(ctl, err);
}

static int
change(struct ctl *ctl, struct sql *sql, const struct sql_statement *statement, unsigned count,
    const char *const *values)
{
	struct sql_rows *rows;
	struct err err;

	if (!sql_query(sql, statement->text, count, values, &rows, &err))
		return refused(ctl, sql, &err);
	view_rows(ctl, rows, done_columns, "nothing");
	sql_rows_free(&rows);
	return CTL_OK;
}

static int
move(struct ctl *ctl, int argc, char **argv)
{
	char from[PHONE_TEXT], to[PHONE_TEXT], amount[16], now[CLOCK_TEXT];
	const char *values[] = { from, to, amount, ctl_value(ctl, "reason"), now };
	struct sql *sql;
	int code;

	if (argc != 4)
		return ctl_fail(ctl, EX_USAGE, "expected move FROM TO HOURS --reason TEXT");
	if (values[3] == NULL)
		return ctl_fail(ctl, EX_USAGE, "--reason is missing: every move says why");
	if (!who(ctl, argv[1], from) || !who(ctl, argv[2], to) || !half_hours(ctl, argv[3], amount))
		return EX_USAGE;
	clock_format(clock_now(), now);
	sql = ctl_database(ctl, &code);
	return sql == NULL ? code : change(ctl, sql, &sql_ctl_bank_move, 5, values);
}

static int
reverse(struct ctl *ctl, int argc, char **argv)
{
	char now[CLOCK_TEXT];
	const char *values[] = { argc > 1 ? argv[1] : NULL, ctl_value(ctl, "reason"), now };
	struct sql *sql;
	int code;

	if (argc != 2 || !ctl_is_id(argv[1]))
		return ctl_fail(
		    ctl, EX_USAGE, "expected reverse TRANSACTION --reason TEXT; ledger shows them");
	if (values[1] == NULL)
		return ctl_fail(ctl, EX_USAGE, "--reason is missing: every correction says why");
	clock_format(clock_now(), now);
	sql = ctl_database(ctl, &code);
	return sql == NULL ? code : change(ctl, sql, &sql_ctl_bank_reverse, 3, values);
}

struct listing {
	const char *name;
	const struct sql_statement *statement;
	const struct view_column *columns;
	const char *empty;
	long limit;
};

static int
list(struct ctl *ctl, struct sql *sql, const struct listing *l, const char *filter)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { filter, now };
	struct sql_rows *rows;
	struct err err;

	clock_format(clock_now(), now);
	if (!sql_query(sql, l->statement->text, 2, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	view_rows(ctl, rows, l->columns, l->empty);
	sql_rows_free(&rows);
	return CTL_OK;
}

static int
show(struct ctl *ctl, int argc, char **argv, const struct listing *l)
{
	const char *wish = ctl_value(ctl, "wish");
	struct buffer filter = { 0 };
	char name[PHONE_TEXT] = "";
	struct sql *sql;
	long limit;
	int code;

	if (!ctl_number(ctl, "limit", 1, 100000, l->limit, &limit))
		return EX_USAGE;
	if (argc > 2)
		return ctl_fail(ctl, EX_USAGE, "expected one phone or account");
	if (argc == 2 && !who(ctl, argv[1], name))
		return EX_USAGE;
	if (wish != NULL && !ctl_is_id(wish))
		return ctl_fail(ctl, EX_USAGE, "--wish: \"%s\" is no number", wish);
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_printf(&filter, "{\"limit\":%ld", limit);
	if (name[0] != '\0')
		buffer_printf(&filter, ",\"who\":\"%s\"", name);
	if (wish != NULL)
		buffer_printf(&filter, ",\"wish\":%s", wish);
	buffer_add_byte(&filter, '}');
	code = list(ctl, sql, l, filter.data);
	buffer_clear(&filter);
	return code;
}

static const struct listing listings[] = {
	{ "balance", &sql_ctl_bank_balance, balance_columns, "no accounts", 100 },
	{ "ledger", &sql_ctl_bank_ledger, ledger_columns, "no entries", 50 },
	{ "waiting", &sql_ctl_bank_waiting, waiting_columns, "no hours wait", 50 },
};

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "balance";

	for (size_t i = 0; i < sizeof(listings) / sizeof(listings[0]); i++)
		if (strcmp(what, listings[i].name) == 0)
			return show(ctl, argc, argv, &listings[i]);
	if (strcmp(what, "move") == 0)
		return move(ctl, argc, argv);
	if (strcmp(what, "reverse") == 0)
		return reverse(ctl, argc, argv);
	return ctl_fail(
	    ctl, EX_USAGE, "\"%s\" is none of balance, ledger, waiting, move, reverse", what);
}

static const struct ctl_option options[] = {
	{ 'r', "reason", "TEXT", "why hours are moved or reversed; the person is told" },
	{ 'w', "wish", "NUMBER", "in the ledger only what this wish brought" },
	{ 'l', "limit", "N", "at most so many, the newest (default 50; of accounts 100)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_bank = {
	.name = "bank",
	.usage = "[balance [WHO] | ledger [WHO] | waiting | move FROM TO HOURS | reverse "
		 "TRANSACTION]",
	.summary = "Shows the time bank's accounts and ledger; moves and reverses hours",
	.help = "WHO is a phone, the number of an account, or city, which gives hours and takes\n"
		"them back. The ledger is never changed: what was wrong is reversed, once, by a\n"
		"transaction of its own. waiting shows hours that both sides have not confirmed\n"
		"yet, or that one of them denied. The exit code is 1 when the bank refuses.\n",
	.options = options,
	.maximum = 4,
	.run = run,
};
