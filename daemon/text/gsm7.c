/* SPDX-License-Identifier: BSD-2-Clause */
/* The GSM 7-bit alphabet: nobody packages it, so the tables of 3GPP TS 23.038 stand here. */
#include "text/gsm7.h"

#include <string.h>

#include "base/buffer.h"
#include "text/utf8.h"

#define ESC 0x1b
#define CR 0x0d

typedef uint16_t table_row; /* one UTF-16 unit: all of it lies in the basic plane */

static const table_row default_table[] =
    u"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    u"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const table_row turkish_table[] =
    u"@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    u"İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà";
static const table_row portuguese_table[] =
    u"@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
    u"ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà";

struct shifted {
	uint8_t septet;
	table_row unit;
};

static const struct shifted default_shift[] = { { 0x0a, u'\f' }, { 0x14, u'^' }, { 0x28, u'{' },
	{ 0x29, u'}' }, { 0x2f, u'\\' }, { 0x3c, u'[' }, { 0x3d, u'~' }, { 0x3e, u']' },
	{ 0x40, u'|' }, { 0x65, u'€' }, { 0, 0 } };
static const struct shifted turkish_shift[] = { { 0x47, u'Ğ' }, { 0x49, u'İ' }, { 0x53, u'Ş' },
	{ 0x63, u'ç' }, { 0x67, u'ğ' }, { 0x69, u'ı' }, { 0x73, u'ş' }, { 0, 0 } };
static const struct shifted spanish_shift[] = { { 0x09, u'ç' }, { 0x41, u'Á' }, { 0x49, u'Í' },
	{ 0x4f, u'Ó' }, { 0x55, u'Ú' }, { 0x61, u'á' }, { 0x69, u'í' }, { 0x6f, u'ó' },
	{ 0x75, u'ú' }, { 0, 0 } };
static const struct shifted portuguese_shift[] = { { 0x05, u'ê' }, { 0x09, u'ç' }, { 0x0b, u'Ô' },
	{ 0x0c, u'ô' }, { 0x0e, u'Á' }, { 0x0f, u'á' }, { 0x12, u'Φ' }, { 0x13, u'Γ' },
	{ 0x15, u'Ω' }, { 0x16, u'Π' }, { 0x17, u'Ψ' }, { 0x18, u'Σ' }, { 0x19, u'Θ' },
	{ 0x1f, u'Ê' }, { 0x41, u'À' }, { 0x49, u'Í' }, { 0x4f, u'Ó' }, { 0x55, u'Ú' },
	{ 0x5b, u'Ã' }, { 0x5c, u'Õ' }, { 0x61, u'Â' }, { 0x69, u'í' }, { 0x6f, u'ó' },
	{ 0x75, u'ú' }, { 0x7b, u'ã' }, { 0x7c, u'õ' }, { 0x7f, u'â' }, { 0, 0 } };

static table_row
find_shifted(const struct shifted *table, uint8_t septet)
{
	for (; table->unit != 0; table++)
		if (table->septet == septet)
			return table->unit;
	return 0;
}

/* The septet of cp, with 0x80 set when ESC must stand before it; -1 when it is not there. */
static int
septet_of(uint32_t cp)
{
	if (cp == ESC)
		return -1;
	for (const struct shifted *s = default_shift; s->unit != 0; s++)
		if (s->unit == cp)
			return 0x80 | s->septet;
	for (int i = 0; i < 0x80; i++)
		if (default_table[i] == cp)
			return i;
	return -1;
}

long
gsm7_length(const char *text, size_t len)
{
	long septets = 0;

	for (size_t pos = 0; pos < len;) {
		uint32_t cp;
		int septet;

		pos += utf8_read(text + pos, len - pos, &cp);
		septet = septet_of(cp);
		if (septet < 0)
			return -1;
		septets += septet & 0x80 ? 2 : 1;
	}
	return septets;
}

bool
gsm7_encode(const char *text, size_t len, struct buffer *septets)
{
	if (gsm7_length(text, len) < 0)
		return false;
	for (size_t pos = 0; pos < len;) {
		uint32_t cp;
		int septet;

		pos += utf8_read(text + pos, len - pos, &cp);
		septet = septet_of(cp);
		if (septet & 0x80)
			buffer_add_byte(septets, ESC);
		buffer_add_byte(septets, (uint8_t)(septet & 0x7f));
	}
	return true;
}

static const table_row *
locking_table(unsigned number, bool *known)
{
	switch (number) {
	case GSM7_DEFAULT:
		return default_table;
	case GSM7_TURKISH:
		return turkish_table;
	case GSM7_PORTUGUESE:
		return portuguese_table;
	default:
		*known = false;
		return default_table;
	}
}

static const struct shifted *
single_table(unsigned number, bool *known)
{
	static const struct shifted none[] = { { 0, 0 } };

	switch (number) {
	case GSM7_DEFAULT:
		return none;
	case GSM7_TURKISH:
		return turkish_shift;
	case GSM7_SPANISH:
		return spanish_shift;
	case GSM7_PORTUGUESE:
		return portuguese_shift;
	default:
		*known = false;
		return none;
	}
}

static void
add(struct buffer *out, uint32_t cp)
{
	char bytes[4];

	buffer_add(out, bytes, utf8_write(cp, bytes));
}

bool
gsm7_decode(const uint8_t *septets, size_t count, unsigned locking, unsigned single,
    struct buffer *out, size_t *bad)
{
	bool known = true;
	const table_row *table = locking_table(locking, &known);
	const struct shifted *national = single_table(single, &known);

	*bad = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t s = septets[i];
		bool escaped = s == ESC;
		table_row unit;

		if (escaped && (i + 1 == count || septets[i + 1] == ESC)) {
			add(out, ' ');
			i++;
			continue;
		}
		if (escaped)
			s = septets[++i];
		if (s > 0x7f) {
			(*bad)++;
			add(out, UTF8_REPLACEMENT);
			continue;
		}
		unit = escaped ? find_shifted(national, s) : table[s];
		if (escaped && unit == 0)
			unit = find_shifted(default_shift, s);
		add(out, unit != 0 ? unit : table[s]);
	}
	return known;
}

void
gsm7_pack(const uint8_t *septets, size_t count, unsigned fill_bits, struct buffer *out)
{
	unsigned pending = 0, bits = fill_bits;

	for (size_t i = 0; i < count; i++) {
		pending |= (unsigned)(septets[i] & 0x7f) << bits;
		bits += 7;
		while (bits >= 8) {
			buffer_add_byte(out, (uint8_t)(pending & 0xff));
			pending >>= 8;
			bits -= 8;
		}
	}
	if (bits > 0)
		buffer_add_byte(out, (uint8_t)pending);
}

void
gsm7_unpack(const uint8_t *packed, size_t len, unsigned fill_bits, struct buffer *septets)
{
	size_t count = len * 8 > fill_bits ? (len * 8 - fill_bits) / 7 : 0;
	bool exact = count > 0 && (len * 8 - fill_bits) % 7 == 0;
	uint8_t last = 0xff;

	for (size_t i = 0; i < count; i++) {
		size_t bit = fill_bits + i * 7;
		unsigned two = packed[bit / 8];

		if (bit / 8 + 1 < len)
			two |= (unsigned)packed[bit / 8 + 1] << 8;
		last = (uint8_t)(two >> (bit % 8) & 0x7f);
		if (i + 1 == count && exact && (last == 0 || last == CR))
			break;
		buffer_add_byte(septets, last);
	}
}
