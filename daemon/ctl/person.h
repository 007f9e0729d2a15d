/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Whom a word on the command line means. */
#include <stdbool.h>
#include <stddef.h>

struct ctl;

/* An id, an address of mail as it stands, or a telephone brought into its one form. False, after
 * saying why, with *code set. */
bool person_key(struct ctl *ctl, const char *text, char *out, size_t room, int *code);
