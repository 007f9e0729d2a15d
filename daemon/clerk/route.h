/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Who is responsible for a category at a place, and whose phone gets the notice.
 */
#include <stdint.h>

struct policy;
struct policy_unit;

/* The unit of this level at or above the unit; "community" finds a village too. NULL: none. */
const struct policy_unit *
route_above(const struct policy *p, const struct policy_unit *u, const char *level);

/* The responsible unit: the table of routes, then the category's department, then the community,
 * the street or town, the city. category and building may be NULL, place 0. NULL only when there is
 * no city. A route that asks for an estate with or without a property company counts only where
 * that is known of the building. */
const struct policy_unit *route_responsible(
    const struct policy *p, const char *category, int64_t place, const char *building);

/* The smallest unit known for a place: the grid of its building, else the place itself. */
const struct policy_unit *route_place(const struct policy *p, int64_t place, const char *building);

/* Whose phone gets the notice of what happened at a place: the first unit with a contact of the
 * place, those above it, and the city. NULL: nobody has a phone. */
const struct policy_unit *route_contact(const struct policy *p, const struct policy_unit *place);
