/* SPDX-License-Identifier: BSD-2-Clause */
/* Phone numbers of a mainland town. */
#include "ctl/phone.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { DIGITS_MAX = 20 };

/* ASCII or full-width digit or plus; 0 when it is none. *len is what it takes. */
static char
digit_at(const char *p, size_t *len)
{
	const unsigned char *u = (const unsigned char *)p;

	*len = 1;
	if ((*p >= '0' && *p <= '9') || *p == '+')
		return *p;
	*len = 3;
	if (u[0] != 0xEF || u[1] != 0xBC)
		return 0;
	if (u[2] >= 0x90 && u[2] <= 0x99)
		return (char)('0' + u[2] - 0x90);
	return u[2] == 0x8B ? '+' : 0;
}

/* What may stand between digits: blanks, hyphens, brackets, dots, also wide ones. */
static size_t
separator_at(const char *p)
{
	static const char *const all[] = { " ", "-", "(", ")", ".", "\t", "\xC2\xA0", "　", "－",
		"（", "）", "‐", "‑", "–", "—" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strncmp(p, all[i], strlen(all[i])) == 0)
			return strlen(all[i]);
	return 0;
}

static bool
collect(const char *text, char digits[DIGITS_MAX + 1], bool *plus, struct err *err)
{
	size_t n = 0, len;

	*plus = false;
	for (const char *p = text; *p != '\0'; p += len) {
		char c = digit_at(p, &len);

		if (c == '+' && n == 0 && !*plus) {
			*plus = true;
		} else if (c >= '0') {
			if (n == DIGITS_MAX)
				return err_set(err, "has more than 15 digits");
			digits[n++] = c;
		} else if (c != 0 || (len = separator_at(p)) == 0) {
			return err_set(err, "is no phone number");
		}
	}
	digits[n] = '\0';
	return n > 0 || err_set(err, "is no phone number");
}

/* Digits behind +86, or as dialled inside the country without the leading 0. */
static bool
national(const char *digits, enum phone_kind *kind)
{
	size_t n = strlen(digits);

	if (n == 11 && digits[0] == '1' && digits[1] >= '3') {
		*kind = PHONE_MOBILE;
		return true;
	}
	*kind = PHONE_LANDLINE;
	if (n == 10 && (strncmp(digits, "400", 3) == 0 || strncmp(digits, "800", 3) == 0))
		return true;
	/* 10 and 2x have 8 digits behind them, the others 7 or 8. */
	if (digits[0] == '2' || strncmp(digits, "10", 2) == 0)
		return n == 10;
	return digits[0] >= '3' && (n == 10 || n == 11);
}

static bool
is_mobile_with_86(const char *digits)
{
	enum phone_kind kind;

	return strlen(digits) == 13 && strncmp(digits, "86", 2) == 0 &&
	       national(digits + 2, &kind) && kind == PHONE_MOBILE;
}

bool
phone_normalise(const char *text, char out[PHONE_TEXT], enum phone_kind *kind, struct err *err)
{
	char digits[DIGITS_MAX + 1];
	const char *d = digits;
	bool international;

	if (!collect(text, digits, &international, err))
		return false;
	if (!international && strncmp(d, "00", 2) == 0) {
		international = true;
		d += 2;
	}
	if (is_mobile_with_86(d))
		international = true;
	if (international && strncmp(d, "86", 2) == 0) {
		d += 2;
		d += *d == '0'; /* +86 (0)433 … */
		international = false;
	} else if (!international && *d == '0') {
		d++;
		if (*d == '1' && d[1] >= '3') /* 0138…: dialled from afar in former times */
			international = false;
	} else if (!international && *d != '1' && strncmp(d, "400", 3) != 0 &&
		   strncmp(d, "800", 3) != 0) {
		return err_set(
		    err, "is no mobile number, and for a landline the area code is missing");
	}
	if (international) {
		*kind = PHONE_FOREIGN;
		if (*d == '0' || strlen(d) < 8 || strlen(d) > 15)
			return err_set(err, "is no international number");
		snprintf(out, PHONE_TEXT, "+%.15s", d);
		return true;
	}
	if (!national(d, kind))
		return err_set(
		    err, strlen(d) < 7 ? "is a service number" : "has a wrong number of digits");
	snprintf(out, PHONE_TEXT, "+86%.11s", d);
	return true;
}
