/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Addresses of mail, and those of cases: case+NUMBER-TOKEN@domain, where the token is made of the
 * number and a secret, so that who writes to it has been written to from it. What comes back of a
 * message goes to bounce+ID-TOKEN@domain, in the same way.
 */

enum { ADDRESS_LONGEST = 254, ADDRESS_TOKEN = 10 };

/* One normal form: ASCII letters in lower case. free() it. NULL when it is no address: no "@", a
 * control byte, a space outside of quotes, not UTF-8, more than 254 bytes. */
char *address_normal(const char *s, size_t len);

/* What stands behind the last "@"; address is normal. */
const char *address_domain(const char *address);
/* True when domain is one of the list's, which are separated by commas or spaces. */
bool address_in_domains(const char *domains, const char *domain);

/* The token of a case's number, or, of -ID, of a message. */
void address_token(const char *secret, int64_t number, char token[ADDRESS_TOKEN + 1]);
bool address_token_right(const char *secret, int64_t number, const char *token, size_t len);

enum address_kind {
	ADDRESS_PLAIN,
	ADDRESS_CASE,   /* *number is set */
	ADDRESS_BOUNCE, /* *number is set: the message that came back */
	ADDRESS_FORGED, /* of a case or a message, with a wrong token */
};
/* address is normal. */
enum address_kind address_kind(const char *address, const char *secret, int64_t *number);
