/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Texts that go out: a template filled so that it fits one part of an SMS.
 */
#include <stddef.h>

#include "clerk/policy.h"

struct buffer;
struct understanding;

/* Units of UTF-16 in one part (3GPP 23.040: 140 octets). */
#define REPLY_UNITS 70

/* What stands for {number}, {category} …; NULL is empty. */
struct reply_fields {
	const char *number, *category, *unit, *state, *address, *text, *emergency, *part, *parent,
	    *phone;
};

/* Appends the filled template, with the signature before it. What stands between {? and ?} is left
 * out when a field in it is empty. What is longer than one part loses that, too, then the end of
 * {text}, then of {address}, {category}, {unit}; what is still longer stays so and is sent in
 * parts. Characters are never cut. */
void reply_render(const struct policy *p, enum template t, enum tongue tongue,
    const struct reply_fields *fields, struct buffer *out);

/* Appends a resident's text as somebody else may read it: telephone numbers masked, one-time codes
 * blotted out, line feeds made spaces. */
void reply_mask(const struct understanding *u, const char *text, size_t len, struct buffer *out);

/* Length in units of UTF-16 of well-formed UTF-8. */
size_t reply_units(const char *text, size_t len);
