/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads a policy: its statements one after the other, so that only one is in memory twice. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "clerk/policy.h"
#include "database/database.h"
#include "embedded.h"
#include "text/lexicon.h"

enum { LOAD_TIMEOUT_MS = 60000 };

typedef bool take_fn(struct policy *p, const struct result *r, int row, struct err *err);

struct policy_load {
	struct database *db;
	struct policy *policy;
	struct database_call *call;
	size_t step;
	policy_done_fn *done;
	void *arg;
};

static const char *
text(const struct result *r, int row, const char *column)
{
	return result_bytes(r, row, result_column(r, column), NULL);
}

static int64_t
integer(const struct result *r, int row, const char *column)
{
	int c = result_column(r, column);

	return result_null(r, row, c) ? 0 : result_int(r, row, c);
}

static bool
take_version(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)err;
	p->version = integer(r, row, "version");
	return true;
}

static bool
take_setting(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)err;
	if (strcmp(text(r, row, "key"), "signature") == 0)
		policy_set_signature(p, text(r, row, "value"));
	else if (strcmp(text(r, row, "key"), "phone_channel") == 0)
		policy_set_channels(p, text(r, row, "value"), NULL);
	else if (strcmp(text(r, row, "key"), "mail_channel") == 0)
		policy_set_channels(p, NULL, text(r, row, "value"));
	else if (strcmp(text(r, row, "key"), "landlines") == 0)
		policy_set_landlines(p, text(r, row, "value"));
	return true;
}

static bool
take_category(struct policy *p, const struct result *r, int row, struct err *err)
{
	bool urgent = result_bool(r, row, result_column(r, "urgent"));

	policy_add_category(p, text(r, row, "code"), text(r, row, "name_zh"),
	    text(r, row, "name_ko"), text(r, row, "emergency"),
	    (int32_t)integer(r, row, "department_id"), urgent);
	return lexicon_add_category(
	    p->lexicon, text(r, row, "code"), text(r, row, "kind"), urgent, err);
}

static bool
take_keyword(struct policy *p, const struct result *r, int row, struct err *err)
{
	return lexicon_add_keyword(p->lexicon, integer(r, row, "id"), text(r, row, "pattern"),
	    text(r, row, "category"), (int)integer(r, row, "weight"), err);
}

static bool
take_place(struct policy *p, const struct result *r, int row, struct err *err)
{
	return lexicon_add_place(p->lexicon, integer(r, row, "unit_id"), text(r, row, "level"),
	    text(r, row, "name"), integer(r, row, "parent_id"),
	    result_bool(r, row, result_column(r, "needs_suffix")), err);
}

static bool
take_unit(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)err;
	policy_add_unit(p, (int32_t)integer(r, row, "id"), (int32_t)integer(r, row, "parent_id"),
	    text(r, row, "level"), text(r, row, "name_zh"), text(r, row, "name_ko"),
	    text(r, row, "contact_phone"), tongue_parse(text(r, row, "contact_language")));
	policy_set_phone(p, text(r, row, "phone"));
	return true;
}

/* -1 for null. */
static int
choice(const struct result *r, int row, const char *column)
{
	int c = result_column(r, column);

	return result_null(r, row, c) ? -1 : result_bool(r, row, c);
}

static bool
take_route(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)err;
	policy_add_route(p, text(r, row, "category"), (int32_t)integer(r, row, "area_id"),
	    choice(r, row, "rural"), (int32_t)integer(r, row, "unit_id"), text(r, row, "level"));
	policy_set_route_property(p, choice(r, row, "has_property"));
	return true;
}

static bool
take_grid(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)err;
	policy_add_grid(p, (int32_t)integer(r, row, "community_id"), text(r, row, "building"),
	    (int32_t)integer(r, row, "grid_id"), choice(r, row, "has_property"));
	return true;
}

static bool
take_template(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)err;
	policy_set_template(
	    p, text(r, row, "name"), tongue_parse(text(r, row, "language")), text(r, row, "body"));
	return true;
}

static bool
take_problem(struct policy *p, const struct result *r, int row, struct err *err)
{
	(void)p;
	return err_set(err, "template %s (%s): %s", text(r, row, "name"), text(r, row, "language"),
	    text(r, row, "problem"));
}

/* The version first: what changes meanwhile makes it differ, and is loaded again. */
static const struct {
	const struct sql_statement *statement;
	take_fn *take;
} steps[] = {
	{ &sql_policy_version, take_version },
	{ &sql_templates_check, take_problem },
	{ &sql_policy_settings, take_setting },
	{ &sql_policy_categories, take_category },
	{ &sql_policy_keywords, take_keyword },
	{ &sql_policy_places, take_place },
	{ &sql_policy_units, take_unit },
	{ &sql_policy_grids, take_grid },
	{ &sql_policy_routing, take_route },
	{ &sql_policy_templates, take_template },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void
finish(struct policy_load *load, bool transient, const char *reason)
{
	struct policy_load l = *load;

	if (reason != NULL)
		policy_free(&l.policy);
	free(load);
	l.done(l.arg, l.policy, transient, reason);
}

static void
on_rows(void *arg, const struct call_outcome *o)
{
	struct policy_load *load = arg;
	struct err err;

	load->call = NULL;
	if (o->end != CALL_DONE) {
		finish(load, o->end == CALL_LOST || sqlstate_is_transient(o->sqlstate), o->error);
		return;
	}
	for (int row = 0; row < result_rows(o->result); row++) {
		if (!steps[load->step].take(load->policy, o->result, row, &err)) {
			finish(load, false, err.text);
			return;
		}
	}
	if (++load->step < STEPS)
		load->call = database_call(
		    load->db, steps[load->step].statement, NULL, LOAD_TIMEOUT_MS, on_rows, load);
	else if (!policy_finish(load->policy, &err))
		finish(load, false, err.text);
	else
		finish(load, false, NULL);
}

struct policy_load *
policy_load_start(struct database *db, policy_done_fn *done, void *arg)
{
	struct policy_load *load = xcalloc(1, sizeof(*load));

	load->db = db;
	load->done = done;
	load->arg = arg;
	load->policy = policy_new();
	load->call = database_call(db, steps[0].statement, NULL, LOAD_TIMEOUT_MS, on_rows, load);
	return load;
}

void
policy_load_cancel(struct policy_load **load)
{
	if (*load == NULL)
		return;
	if ((*load)->call != NULL)
		database_call_cancel((*load)->call);
	policy_free(&(*load)->policy);
	free(*load);
	*load = NULL;
}
