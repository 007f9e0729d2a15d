/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/* Whether the MTA called authserv_id says in Authentication-Results (RFC 8601) that the sender's
 * domain stands for this mail: SPF of that very domain, DKIM by it, or DMARC. results: a field's
 * value a line; what others say counts nothing, so the MTA must take away fields that come under
 * its own name. An authserv_id or sender of "" proves nothing. */
bool auth_proves(const char *results, const char *authserv_id, const char *sender);
