/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * What is said piece by piece: a list of names of prompts, of which the sound is one file each.
 * Numbers are said digit by digit, in groups (there is no voice that says thirteen thousand right
 * in each language, and nobody can write that down).
 */
enum { SAY_PIECES = 96, SAY_NAME = 48 };

struct say {
	char names[SAY_PIECES][SAY_NAME];
	size_t count, at;
};

/* Every prompt that the program says by itself; ends with NULL. */
extern const char *const say_needed[];

void say_clear(struct say *s);
/* What does not fit any more is left out. */
void say_add(struct say *s, const char *name);
/* Several names parted by blanks. */
void say_add_all(struct say *s, const char *names);
/* Digits in groups of three, the first one the odd one: 20046 is 2 0, 0 4 6. */
void say_number(struct say *s, int64_t number);
