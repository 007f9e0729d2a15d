/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Statistics as one page of HTML: its style and its pictures (SVG) lie in it, there are no scripts,
 * and nothing is fetched. */
#include "ctl/json.h"

struct buffer;

/* All lent. figures: rows of ctl_figures(); the others rows of ctl_stats(): one for the whole, and
 * by unit, category and month. */
struct report {
	const char *language; /* zh, ko or en */
	const struct json *figures, *total, *units, *categories, *months;
};

void report_html(const struct report *r, struct buffer *out);

/* The title of a figure in a language; English when it is none of ours. */
const char *report_title(const struct json *figure, const char *language);
/* Its value in a row: the number, "96.0 %", or "—" when there is nothing to divide by. Lent. */
const char *report_value(const struct json *row, const struct json *figure);
/* The two numbers of a share; false when the figure is none. */
bool report_share(const struct json *row, const struct json *figure, double *part, double *whole);
