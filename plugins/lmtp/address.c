/* SPDX-License-Identifier: BSD-2-Clause */
#include "address.h"

#include "../common/bytes.h"
#include "hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The octets of the well-formed character at s, 0 when it is none (RFC 3629). */
static size_t
sequence(const unsigned char *s, size_t len)
{
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

char *
address_normal(const char *s, size_t len)
{
	const char *at = memrchr(s, '@', len);
	bool quoted = len > 0 && s[0] == '"';
	char *out;

	if (len > ADDRESS_LONGEST || at == NULL || at == s || at == s + len - 1)
		return NULL;
	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)s[i];
		n = sequence((const unsigned char *)s + i, len - i);
		if (n == 0 || c < 0x20 || c == 0x7f)
			return NULL;
		if ((c == ' ' && (!quoted || s + i > at)) || c == '<' || c == '>')
			return NULL;
	}
	out = bytes_dup(s, len);
	for (size_t i = 0; i < len; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	return out;
}

const char *
address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

bool
address_in_domains(const char *domains, const char *domain)
{
	while (*domains != '\0') {
		size_t len = strcspn(domains, ", \t");
		if (len > 0 && bytes_equal_nocase(domains, len, domain))
			return true;
		domains += len;
		domains += strspn(domains, ", \t");
	}
	return false;
}

void
address_token(const char *secret, int64_t number, char token[ADDRESS_TOKEN + 1])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* none that look alike */
	uint8_t digest[HASH_LENGTH];
	char text[32];

	snprintf(text, sizeof(text), "case %" PRId64, number);
	hash_keyed(secret, text, digest);
	for (int i = 0; i < ADDRESS_TOKEN; i++)
		token[i] = letters[digest[i] & 31];
	token[ADDRESS_TOKEN] = '\0';
}

bool
address_token_right(const char *secret, int64_t number, const char *token, size_t len)
{
	char right[ADDRESS_TOKEN + 1];

	if (secret[0] == '\0' || len != ADDRESS_TOKEN)
		return false;
	address_token(secret, number, right);
	return hash_compare(right, token, ADDRESS_TOKEN) == 0;
}

enum address_kind
address_kind(const char *address, const char *secret, int64_t *number)
{
	static const struct {
		const char *prefix;
		int64_t sign;
		enum address_kind kind;
	} kinds[] = { { "case+", 1, ADDRESS_CASE }, { "bounce+", -1, ADDRESS_BOUNCE } };
	const char *end = strrchr(address, '@');

	*number = 0;
	for (size_t i = 0; end != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *at = address + strlen(kinds[i].prefix);
		char *after;
		if (strncmp(address, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
			continue;
		*number = strtoll(at, &after, 10);
		if (after != at && *number > 0 && *after == '-' &&
		    address_token_right(
			secret, kinds[i].sign * *number, after + 1, (size_t)(end - after - 1)))
			return kinds[i].kind;
		*number = 0;
		return ADDRESS_FORGED;
	}
	return ADDRESS_PLAIN;
}
