/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * What a short text says of something that people come together for: how many, when, how long, with
 * which tools, where, for whom, and what else. "3人 周六9点 自备镰刀", "带2人", "래일 오전 9시 3명
 * 낫 지참", "2小时 杂草都清了". Chinese and Korean, numerals of any script, in any order, with or
 * without spaces.
 */
struct plan {
	int people;  /* 0: not said */
	bool plus;   /* beside himself: "带2人" */
	int minutes; /* how long; 0: not said */

	/* When: at most one of these says the day. */
	bool has_in, has_weekday, has_day;
	int in;      /* days from today */
	int weekday; /* 1 Monday to 7 */
	int week;    /* -1 the next such day, 0 of this week, 1 of the next */
	int month;   /* 0: the next that has this day */
	int day;
	int hour, minute; /* hour -1: not said */

	/* In the words of the text, pieces with a space between. */
	struct buffer tools, place, audience, what;
};

void plan_init(struct plan *p);
void plan_clear(struct plan *p);

/* Adds what a piece of text says; of two numbers of one sort the first counts. Only the first 8192
 * bytes are looked at. */
void plan_add(struct plan *p, const char *text, size_t len);

/* Appends it as the JSON object that wish_step() in sql/migrations/0025 takes; what was not said is
 * left out. */
void plan_json(const struct plan *p, struct buffer *out);
