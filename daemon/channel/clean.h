/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* What PostgreSQL takes as text: UTF-8 without NUL. */
bool clean_is(const char *s, size_t len);

/* Makes it so in place: every byte that is not part of such a text becomes '?'. True when there
 * was one. For what a peer said; a text that was cut in the middle of a character too. */
bool clean_make(char *s, size_t len);
