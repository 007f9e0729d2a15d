/* SPDX-License-Identifier: BSD-2-Clause */
/* Mails: whatever comes, strings are UTF-8 and bounds hold. */
#include "plugins/lmtp/mime.h"
#include "plugins/lmtp/report.h"
#include "text/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *s, size_t longest)
{
	size_t len = strlen(s);

	if (len > longest || !utf8_valid(s, len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mail_limits limits = {
		.header = 65536, .parts = 100, .depth = 10, .text = 4000
	};
	uint8_t *exact = malloc(size > 0 ? size : 1);
	struct bytes text = { 0 };
	struct mail m;
	const char *why;

	mime_start();
	if (size > 0)
		memcpy(exact, data, size);
	if (mime_read(exact, size, &limits, NULL, &m, &why)) {
		check(m.subject, 1000);
		check(m.from, 254);
		check(m.message_id, 4000);
		check(m.in_reply_to, 4000);
		check(m.references, 4000);
		check(m.text, 5000);
		if (strlen(m.text) != m.text_len || m.header_len > size ||
		    m.trace_len > m.header_len)
			abort();
		for (size_t i = 0; i < m.file_count; i++)
			check(m.files[i].name, 255);
		report_text(&m, &text);
		check(bytes_string(&text), 7000);
		bytes_clear(&text);
		mail_clear(&m);
	}
	free(exact);
	return 0;
}
