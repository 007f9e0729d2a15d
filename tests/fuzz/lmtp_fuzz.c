/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire: command lines, and the contents of mails cut anywhere give the same. */
#include "plugins/lmtp/address.h"
#include "plugins/common/bytes.h"
#include "plugins/lmtp/command.h"
#include "plugins/lmtp/dots.h"
#include "plugins/lmtp/html.h"
#include "plugins/lmtp/trim.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_dots(const char *in, size_t size, size_t step)
{
	struct dots whole = { 0 }, pieces = { 0 };
	struct bytes a = { 0 }, b = { 0 };
	bool long_a = false, long_b = false;
	size_t taken = dots_feed(&whole, in, size, 1000, &a, &long_a), at = 0;

	while (at < size && !pieces.ended) {
		size_t n = size - at < step ? size - at : step;
		at += dots_feed(&pieces, in + at, n, 1000, &b, &long_b);
	}
	if (whole.ended != pieces.ended || long_a != long_b || at != taken || a.len > 1000 ||
	    (!long_a && (a.len != b.len || (a.len > 0 && memcmp(a.data, b.data, a.len) != 0))))
		abort();
	bytes_clear(&a);
	bytes_clear(&b);
}

static void
check_command(const char *in, size_t size)
{
	struct command c;
	int64_t number;
	char *address;

	command_parse(in, size, &c);
	if (c.path_len > 0 && (c.path < in || c.path + c.path_len > in + size))
		abort();
	address = address_normal(c.path, c.path_len);
	if (address != NULL && (strlen(address) != c.path_len || strchr(address, '@') == NULL))
		abort();
	if (address != NULL &&
	    address_kind(address, "0123456789abcdef", &number) == ADDRESS_FORGED && number != 0)
		abort();
	free(address);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size > 0 ? size : 1);
	struct bytes text = { 0 }, trimmed = { 0 };

	if (size > 0)
		memcpy(exact, data, size);
	check_command(exact, size);
	check_dots(exact, size, 1);
	check_dots(exact, size, 7);
	html_text(exact, size, 500, &text);
	if (text.len > 500)
		abort();
	trim_text(exact, size, &trimmed);
	if (trimmed.len > size)
		abort();
	bytes_clear(&text);
	bytes_clear(&trimmed);
	free(exact);
	return 0;
}
