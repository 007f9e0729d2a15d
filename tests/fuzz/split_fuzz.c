/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of any text are the text, each within its size, and GSM-7 comes back as it went. The first
 * octet picks coding and reference. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "text/charset.h"
#include "text/gsm7.h"
#include "text/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_septets(const char *text, size_t len, unsigned fill)
{
	struct buffer septets = { 0 }, packed = { 0 }, again = { 0 };

	if (gsm7_encode(text, len, &septets)) {
		assert(septets.len == (size_t)gsm7_length(text, len));
		gsm7_pack((const uint8_t *)septets.data, septets.len, fill, &packed);
		gsm7_unpack((const uint8_t *)packed.data, packed.len, fill, &again);
		assert(again.len + 1 >= septets.len && again.len <= septets.len + 1);
		assert(
		    again.len == 0 || memcmp(again.data, septets.data,
					  again.len < septets.len ? again.len : septets.len) == 0);
	}
	buffer_clear(&septets);
	buffer_clear(&packed);
	buffer_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct split s = { 0 };
	struct buffer out = { 0 };
	enum split_coding coding;
	size_t at = 0;
	const char *text;

	if (size == 0)
		return 0;
	coding = data[0] & 1 ? SPLIT_GSM7 : SPLIT_UCS2;
	text = (const char *)data + 1;
	size--;
	check_septets(text, size, (data[0] >> 2) % 7);
	if (split_text(text, size, coding, data[0] & 2 ? 16 : 8, &s)) {
		size_t limit = coding == SPLIT_GSM7 ? 160 : 70;

		for (size_t i = 0; i < s.count; i++) {
			assert(s.parts[i].at == at);
			assert(s.count == 1 || s.parts[i].len > 0);
			at += s.parts[i].len;
			buffer_reset(&out);
			split_encode(text, &s.parts[i], coding, &out);
			assert(out.len <= (coding == SPLIT_UCS2 ? limit * 2 : limit));
		}
		assert(at == size);
	}
	split_clear(&s);
	buffer_clear(&out);
	return 0;
}
