/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Whether text could stand between the braces of a JSON object on one line without breaking out of
 * it: no control bytes, quotes closed, brackets in pairs and never below where they began. A role
 * is not trusted to send only that. */
bool json_members_safe(const char *text, size_t len);
