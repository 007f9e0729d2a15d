/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is responsible, and who is told. */
#include "clerk/route.h"

#include <stddef.h>
#include <string.h>

#include "clerk/policy.h"

static bool
is_level(const struct policy_unit *u, const char *level)
{
	return strcmp(u->level, level) == 0 ||
	       (strcmp(level, "community") == 0 && strcmp(u->level, "village") == 0) ||
	       (strcmp(level, "street") == 0 && strcmp(u->level, "town") == 0);
}

const struct policy_unit *
route_above(const struct policy *p, const struct policy_unit *u, const char *level)
{
	while (u != NULL && !is_level(u, level))
		u = policy_unit(p, u->parent);
	return u;
}

static bool
lies_in(const struct policy *p, const struct policy_unit *u, int32_t area)
{
	while (u != NULL && u->id != area)
		u = policy_unit(p, u->parent);
	return u != NULL;
}

static bool
is_rural(const struct policy *p, const struct policy_unit *u)
{
	for (; u != NULL; u = policy_unit(p, u->parent))
		if (strcmp(u->level, "town") == 0 || strcmp(u->level, "village") == 0)
			return true;
	return false;
}

static const struct policy_unit *
follow(const struct policy *p, const struct policy_route *r, const char *category,
    const struct policy_unit *place, int property)
{
	if (r->category[0] != '\0' && (category == NULL || strcmp(r->category, category) != 0))
		return NULL;
	if (r->area != 0 && !lies_in(p, place, r->area))
		return NULL;
	if (r->rural >= 0 && (place == NULL || is_rural(p, place) != (r->rural == 1)))
		return NULL;
	if (r->property >= 0 && r->property != property)
		return NULL;
	return r->unit != 0 ? policy_unit(p, r->unit) : route_above(p, place, r->level);
}

static const struct policy_unit *
the_city(const struct policy *p)
{
	for (size_t i = 0; i < p->unit_count; i++)
		if (strcmp(p->units[i].level, "city") == 0)
			return &p->units[i];
	return NULL;
}

const struct policy_unit *
route_responsible(
    const struct policy *p, const char *category, int64_t place_id, const char *building)
{
	const struct policy_unit *place = policy_unit(p, place_id), *u = NULL;
	const struct policy_unit *community = route_above(p, place, "community");
	const struct policy_category *c = policy_category(p, category);
	int property = community != NULL ? policy_property(p, community->id, building) : -1;

	for (size_t i = 0; u == NULL && i < p->route_count; i++)
		u = follow(p, &p->routes[i], category, place, property);
	if (u == NULL && c != NULL)
		u = policy_unit(p, c->department);
	if (u == NULL)
		u = route_above(p, place, "community");
	if (u == NULL)
		u = route_above(p, place, "street");
	return u != NULL ? u : the_city(p);
}

const struct policy_unit *
route_place(const struct policy *p, int64_t place_id, const char *building)
{
	const struct policy_unit *place = policy_unit(p, place_id);
	const struct policy_unit *community = route_above(p, place, "community");
	const struct policy_unit *grid =
	    community != NULL ? policy_grid(p, community->id, building) : NULL;

	return grid != NULL ? grid : place;
}

/* A community without a phone of its own: one of its grids may have one. */
static const struct policy_unit *
contact_below(const struct policy *p, const struct policy_unit *u)
{
	for (size_t i = 0; i < p->unit_count; i++)
		if (p->units[i].parent == u->id && p->units[i].contact[0] != '\0' &&
		    strcmp(p->units[i].level, "grid") == 0)
			return &p->units[i];
	return NULL;
}

const struct policy_unit *
route_contact(const struct policy *p, const struct policy_unit *place)
{
	const struct policy_unit *city = the_city(p), *below;

	for (const struct policy_unit *u = place; u != NULL; u = policy_unit(p, u->parent)) {
		if (u->contact[0] != '\0')
			return u;
		below = strcmp(u->level, "community") == 0 ? contact_below(p, u) : NULL;
		if (below != NULL)
			return below;
	}
	return city != NULL && city->contact[0] != '\0' ? city : NULL;
}
