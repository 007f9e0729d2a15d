/* SPDX-License-Identifier: BSD-2-Clause */
/* "mx.city.example; spf=pass (…) smtp.mailfrom=li@example.net; dkim=pass header.d=example.net" */
#include "auth.h"

#include "address.h"
#include "../common/bytes.h"

#include <string.h>

/* Comments in parentheses may hold anything: they are left out. */
static void
without_comments(const char *s, size_t len, struct bytes *out)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' && depth == 0)
			quoted = !quoted;
		if (s[i] == '(' && !quoted)
			depth++;
		else if (s[i] == ')' && !quoted && depth > 0)
			depth--;
		else if (depth == 0)
			bytes_add_byte(out, s[i]);
	}
	bytes_add(out, "", 0);
}

/* The value behind key in one result, up to a space or the end; its domain alone, when it has an
 * "@". */
static bool
names_domain(const char *result, size_t len, const char *key, const char *domain)
{
	const char *at = bytes_find_nocase(result, len, key), *mail;
	size_t n;

	if (at == NULL || (at > result && at[-1] != ' ' && at[-1] != '\t'))
		return false;
	at += strlen(key);
	n = strcspn(at, " \t;");
	if (at + n > result + len)
		n = (size_t)(result + len - at);
	mail = memrchr(at, '@', n);
	if (mail != NULL) {
		n -= (size_t)(mail + 1 - at);
		at = mail + 1;
	}
	return bytes_equal_nocase(at, n, domain);
}

static bool
result_proves(const char *result, size_t len, const char *domain)
{
	static const struct {
		const char *pass, *key;
	} methods[] = {
		{ "spf=pass", "smtp.mailfrom=" },
		{ "dkim=pass", "header.d=" },
		{ "dmarc=pass", "header.from=" },
	};

	while (len > 0 && (*result == ' ' || *result == '\t'))
		result++, len--;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = strlen(methods[i].pass);
		if (len > n && bytes_equal_nocase(result, n, methods[i].pass) && result[n] == ' ' &&
		    names_domain(result, len, methods[i].key, domain))
			return true;
	}
	return false;
}

static bool
line_proves(const char *line, const char *authserv_id, const char *domain)
{
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, "; \t");
	if (!bytes_equal_nocase(line, n, authserv_id))
		return false;
	for (line += strcspn(line, ";"); *line == ';'; line += n) {
		n = strcspn(++line, ";");
		if (result_proves(line, n, domain))
			return true;
	}
	return false;
}

bool
auth_proves(const char *results, const char *authserv_id, const char *sender)
{
	bool proved = false;

	if (authserv_id[0] == '\0' || sender[0] == '\0')
		return false;
	while (*results != '\0' && !proved) {
		size_t len = strcspn(results, "\n");
		struct bytes line = { 0 };
		without_comments(results, len, &line);
		proved = line_proves(line.data, authserv_id, address_domain(sender));
		bytes_clear(&line);
		results += len + (results[len] == '\n');
	}
	return proved;
}
