/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes in any charset give valid UTF-8 without controls. The first octet picks the charset. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "text/charset.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "UTF-8", "UTF-16BE", "UTF-16LE", "LATIN1", "ASCII", "CP949",
	"GB18030", "GSM-7", "GSM-7-PACKED", "GSM-7-PACKED+5", "GSM-7/1/1", "GSM-7/3/3",
	"GSM-7-PACKED+1/2/2", "GSM-7/9/9", "BINARY", "none" };

static void
check(const struct buffer *out)
{
	assert(utf8_valid(out->data == NULL ? "" : out->data, out->len));
	for (size_t i = 0; i < out->len; i++)
		assert((unsigned char)out->data[i] >= 0x20 || out->data[i] == '\n' ||
		       out->data[i] == '\t');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out = { 0 };
	const char *name, *used;
	unsigned flags;

	if (size == 0)
		return 0;
	name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
	charset_decode(name, data + 1, size - 1, &out, &flags);
	check(&out);
	buffer_reset(&out);
	charset_decode_guess(name, data + 1, size - 1, &out, &flags, &used);
	check(&out);
	buffer_clear(&out);
	return 0;
}
