/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What a role process may do: its system user and its limits. */
#include <stdbool.h>
#include <stdint.h>

struct err;

struct privilege {
	const char *user;     /* "" : stay who we are */
	int64_t open_files;   /* 0: as it is */
	int64_t memory_bytes; /* 0: no limit */
};

/* For good: groups, group, user, limits, no_new_privs; checks that there is no way back. When not
 * started as root the user must be ourselves or "". */
bool privilege_drop(const struct privilege *p, struct err *err);
