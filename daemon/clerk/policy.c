/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of an administrator, loaded as a whole. */
#include "clerk/policy.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "text/lexicon.h"

static const char *const tongue_names[] = { "zh", "ko" };

static const char *const template_names[TEMPLATES] = {
	[TEMPLATE_CASE_FILED] = "case_filed",
	[TEMPLATE_CASE_UNCLEAR] = "case_unclear",
	[TEMPLATE_CASE_DANGER] = "case_danger",
	[TEMPLATE_CASE_ADDED] = "case_added",
	[TEMPLATE_WISH_FILED] = "wish_filed",
	[TEMPLATE_PROGRESS] = "progress",
	[TEMPLATE_PROGRESS_NONE] = "progress_none",
	[TEMPLATE_PROGRESS_CLOSED] = "progress_closed",
	[TEMPLATE_NUMBER_UNKNOWN] = "number_unknown",
	[TEMPLATE_NUMBER_MISTYPED] = "number_mistyped",
	[TEMPLATE_OPTOUT_DONE] = "optout_done",
	[TEMPLATE_OPTIN_DONE] = "optin_done",
	[TEMPLATE_GREETING] = "greeting",
	[TEMPLATE_NOTICE_CASE] = "notice_case",
	[TEMPLATE_NOTICE_DANGER] = "notice_danger",
	[TEMPLATE_NOTICE_UNCLEAR] = "notice_unclear",
	[TEMPLATE_NOTICE_WISH] = "notice_wish",
	[TEMPLATE_NOTICE_CHASED] = "notice_chased",
	[TEMPLATE_NOTICE_ADDED] = "notice_added",
	[TEMPLATE_NOTICE_SAME] = "notice_same",
	[TEMPLATE_PART_MISSING] = "part_missing",
	[TEMPLATE_CALL_KEPT] = "call_kept",
	[TEMPLATE_CALL_MISSED] = "call_missed",
	[TEMPLATE_NOTICE_CALL] = "notice_call",
	[TEMPLATE_NOTICE_CALLBACK] = "notice_callback",
};

const char *
tongue_name(enum tongue t)
{
	return tongue_names[t];
}

enum tongue
tongue_parse(const char *name)
{
	return strcmp(name, "ko") == 0 ? TONGUE_KO : TONGUE_ZH;
}

const char *template_name(enum template t)
{
	return template_names[t];
}

/* ---- building ------------------------------------------------------------------------------- */

#define GROW(array, count) ((array) = xreallocarray((array), (count) + 1, sizeof(*(array))))

struct policy *
policy_new(void)
{
	struct policy *p = xcalloc(1, sizeof(*p));

	p->lexicon = lexicon_new();
	p->signature = xstrdup("");
	p->phone_channel = xstrdup("sms");
	p->mail_channel = xstrdup("mail");
	p->landlines = xstrdup("");
	return p;
}

void
policy_add_category(struct policy *p, const char *code, const char *zh, const char *ko,
    const char *emergency, int32_t department, bool urgent)
{
	GROW(p->categories, p->category_count);
	p->categories[p->category_count++] = (struct policy_category){
		.code = xstrdup(code),
		.name = { xstrdup(zh), xstrdup(ko) },
		.emergency = xstrdup(emergency),
		.department = department,
		.urgent = urgent,
	};
}

void
policy_add_unit(struct policy *p, int32_t id, int32_t parent, const char *level, const char *zh,
    const char *ko, const char *contact, enum tongue contact_tongue)
{
	GROW(p->units, p->unit_count);
	p->units[p->unit_count++] = (struct policy_unit){
		.id = id,
		.parent = parent,
		.level = xstrdup(level),
		.name = { xstrdup(zh), xstrdup(ko) },
		.phone = xstrdup(""),
		.contact = xstrdup(contact),
		.contact_tongue = contact_tongue,
	};
}

void
policy_set_phone(struct policy *p, const char *phone)
{
	struct policy_unit *last = &p->units[p->unit_count - 1];

	free(last->phone);
	last->phone = xstrdup(phone);
}

void
policy_add_route(struct policy *p, const char *category, int32_t area, int rural, int32_t unit,
    const char *level)
{
	GROW(p->routes, p->route_count);
	p->routes[p->route_count++] = (struct policy_route){
		.category = xstrdup(category),
		.area = area,
		.rural = rural,
		.property = -1,
		.unit = unit,
		.level = xstrdup(level),
	};
}

void
policy_set_route_property(struct policy *p, int property)
{
	p->routes[p->route_count - 1].property = property;
}

void
policy_add_grid(
    struct policy *p, int32_t community, const char *building, int32_t grid, int property)
{
	GROW(p->grids, p->grid_count);
	p->grids[p->grid_count++] = (struct policy_grid){
		.community = community,
		.grid = grid,
		.property = property,
		.building = xstrdup(building),
	};
}

void
policy_set_template(struct policy *p, const char *name, enum tongue tongue, const char *body)
{
	for (int t = 0; t < TEMPLATES; t++) {
		if (strcmp(template_names[t], name) != 0)
			continue;
		free(p->templates[t][tongue]);
		p->templates[t][tongue] = xstrdup(body);
	}
}

static void
set_name(char **name, const char *value)
{
	if (value == NULL)
		return;
	free(*name);
	*name = xstrdup(value);
}

void
policy_set_channels(struct policy *p, const char *phone, const char *mail)
{
	set_name(&p->phone_channel, phone);
	set_name(&p->mail_channel, mail);
}

void
policy_set_landlines(struct policy *p, const char *pattern)
{
	set_name(&p->landlines, pattern);
}

bool
policy_can_text(const struct policy *p, const char *address)
{
	if (strchr(address, '@') != NULL)
		return true;
	return address[0] == '+' &&
	       (p->landlines[0] == '\0' || fnmatch(p->landlines, address, 0) != 0);
}

void
policy_set_signature(struct policy *p, const char *signature)
{
	free(p->signature);
	p->signature = signature[0] != '\0' ? xasprintf("【%s】", signature) : xstrdup("");
	if (signature[0] != '\0')
		lexicon_add_signature(p->lexicon, signature);
}

static int
by_code(const void *a, const void *b)
{
	return strcmp(
	    ((const struct policy_category *)a)->code, ((const struct policy_category *)b)->code);
}

static int
by_id(const void *a, const void *b)
{
	int32_t x = ((const struct policy_unit *)a)->id, y = ((const struct policy_unit *)b)->id;

	return (x > y) - (x < y);
}

static int
by_building(const void *a, const void *b)
{
	const struct policy_grid *x = a, *y = b;

	if (x->community != y->community)
		return x->community > y->community ? 1 : -1;
	return strcmp(x->building, y->building);
}

bool
policy_finish(struct policy *p, struct err *err)
{
	qsort(p->categories, p->category_count, sizeof(*p->categories), by_code);
	qsort(p->units, p->unit_count, sizeof(*p->units), by_id);
	if (p->grid_count > 0)
		qsort(p->grids, p->grid_count, sizeof(*p->grids), by_building);
	if (p->unit_count == 0)
		return err_set(err, "there are no units; run hailanctl migrate or import units");
	for (int t = 0; t < TEMPLATES; t++)
		for (int l = 0; l < TONGUES; l++)
			if (p->templates[t][l] == NULL)
				return err_set(err,
				    "template %s is missing in %s; import templates",
				    template_names[t], tongue_names[l]);
	return lexicon_compile(p->lexicon, err);
}

void
policy_free(struct policy **policy)
{
	struct policy *p = *policy;

	*policy = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->category_count; i++) {
		free(p->categories[i].code);
		free(p->categories[i].name[TONGUE_ZH]);
		free(p->categories[i].name[TONGUE_KO]);
		free(p->categories[i].emergency);
	}
	for (size_t i = 0; i < p->unit_count; i++) {
		free(p->units[i].level);
		free(p->units[i].name[TONGUE_ZH]);
		free(p->units[i].name[TONGUE_KO]);
		free(p->units[i].phone);
		free(p->units[i].contact);
	}
	for (size_t i = 0; i < p->route_count; i++) {
		free(p->routes[i].category);
		free(p->routes[i].level);
	}
	for (size_t i = 0; i < p->grid_count; i++)
		free(p->grids[i].building);
	for (int t = 0; t < TEMPLATES; t++)
		for (int l = 0; l < TONGUES; l++)
			free(p->templates[t][l]);
	free(p->categories);
	free(p->units);
	free(p->routes);
	free(p->grids);
	free(p->phone_channel);
	free(p->mail_channel);
	free(p->landlines);
	free(p->signature);
	lexicon_free(&p->lexicon);
	free(p);
}

/* ---- asking --------------------------------------------------------------------------------- */

const struct policy_category *
policy_category(const struct policy *p, const char *code)
{
	struct policy_category key = { .code = (char *)(uintptr_t)code };

	if (code == NULL || code[0] == '\0')
		return NULL;
	return bsearch(&key, p->categories, p->category_count, sizeof(key), by_code);
}

const struct policy_unit *
policy_unit(const struct policy *p, int64_t id)
{
	struct policy_unit key = { .id = (int32_t)id };

	if (id <= 0 || id > INT32_MAX)
		return NULL;
	return bsearch(&key, p->units, p->unit_count, sizeof(key), by_id);
}

static const struct policy_grid *
find_building(const struct policy *p, int32_t community, const char *building)
{
	struct policy_grid key = { .community = community,
		.building = (char *)(uintptr_t)building };

	if (building == NULL || building[0] == '\0' || p->grid_count == 0)
		return NULL;
	return bsearch(&key, p->grids, p->grid_count, sizeof(key), by_building);
}

const struct policy_unit *
policy_grid(const struct policy *p, int32_t community, const char *building)
{
	const struct policy_grid *found = find_building(p, community, building);

	return found != NULL ? policy_unit(p, found->grid) : NULL;
}

int
policy_property(const struct policy *p, int32_t community, const char *building)
{
	const struct policy_grid *found = find_building(p, community, building);

	return found != NULL ? found->property : -1;
}
