/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

struct buffer;

#define SOURCE_BYTES (1024 * 1024)

/* Reads a settings file and turns its comments into spaces, so that places stay what they are.
 * Comments are: from "#" to the end of the line, anywhere; from "//", where a word could begin; and
 * between slash-star and star-slash. Text in quotes is left alone. On failure false, and one line
 * is added to errors; also for a quote or a comment that does not end. */
bool source_load(const char *path, struct buffer *text, struct buffer *errors);
