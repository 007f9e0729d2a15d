/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Decisions that are filed in one transaction (statement clerk_file).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct decision;
struct params;

struct batch {
	struct decision *decisions;
	size_t count, room;
	int64_t claimed_us; /* when it was asked for, of the monotonic clock */
	struct arena arena; /* the strings of the decisions */
};

struct batch *batch_new(void);
/* Accepts NULL, sets NULL. */
void batch_free(struct batch **b);
/* A new decision at the end, for the caller to fill. Earlier ones may move. */
struct decision *batch_add(struct batch *b);

/* Whether decisions [from, to) hold steps: they are filed by clerk_file_steps then, else by
 * clerk_file, which has fewer parameters. */
bool batch_has_steps(const struct batch *b, size_t from, size_t to);

/* The parameters of that statement for decisions [from, to). p is reset first. */
void batch_params(const struct batch *b, size_t from, size_t to, int64_t now_us, struct params *p);
