/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A phone number as people write it, brought into one form (E.164 with its +). */
#include <stdbool.h>

struct err;

enum phone_kind {
	PHONE_MOBILE,   /* a mainland mobile: gets text messages */
	PHONE_LANDLINE, /* mainland, area code and 7 or 8 digits, or 400/800: gets calls only */
	PHONE_FOREIGN,  /* another country's; taken as it is */
};

#define PHONE_TEXT 18 /* bytes for "+", 15 digits and NUL, rounded up */

/* "138 1234 5678", "+86 138-1234-5678", "008613812345678", "8613812345678", "（0433）3222222", also
 * with full-width digits. False when it is no number that can be called from everywhere; service
 * numbers (10086, 110) are none. */
bool
phone_normalise(const char *text, char out[PHONE_TEXT], enum phone_kind *kind, struct err *err);
