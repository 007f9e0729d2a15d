/* SPDX-License-Identifier: BSD-2-Clause */
/* Templates, filled and made to fit. */
#include "clerk/reply.h"

#include <string.h>

#include "base/buffer.h"
#include "text/understand.h"

#define ELLIPSIS "…"

enum { FIELDS = 10 };
struct field {
	const char *name;
	size_t offset;
};

/* In the order in which they are shortened; those behind "unit" never are. */
static const struct field fields_table[FIELDS] = {
	{ "text", offsetof(struct reply_fields, text) },
	{ "address", offsetof(struct reply_fields, address) },
	{ "category", offsetof(struct reply_fields, category) },
	{ "unit", offsetof(struct reply_fields, unit) },
	{ "number", offsetof(struct reply_fields, number) },
	{ "state", offsetof(struct reply_fields, state) },
	{ "emergency", offsetof(struct reply_fields, emergency) },
	{ "part", offsetof(struct reply_fields, part) },
	{ "parent", offsetof(struct reply_fields, parent) },
	{ "phone", offsetof(struct reply_fields, phone) },
};
enum { SHORTENED = 4 };

struct piece {
	const char *text;
	size_t len;
};

static size_t
sequence(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t
reply_units(const char *text, size_t len)
{
	size_t units = 0;

	for (size_t i = 0; i < len; i += sequence((unsigned char)text[i]))
		units += sequence((unsigned char)text[i]) == 4 ? 2 : 1;
	return units;
}

/* Bytes of the longest beginning with at most so many units. */
static size_t
prefix(const char *text, size_t len, size_t units)
{
	size_t i = 0;

	while (i < len) {
		size_t n = sequence((unsigned char)text[i]), cost = n == 4 ? 2 : 1;
		if (cost > units || i + n > len)
			break;
		units -= cost;
		i += n;
	}
	return i;
}

static int
field_at(const char *body, size_t *name_len)
{
	*name_len = strcspn(body, "}");
	for (int f = 0; f < FIELDS; f++)
		if (strlen(fields_table[f].name) == *name_len &&
		    memcmp(fields_table[f].name, body, *name_len) == 0)
			return f;
	return -1;
}

/* The part at body, "{?…?}", is to be shown: no field in it is empty. */
static bool
is_complete(const char *body, const char *end, const struct piece *pieces)
{
	size_t n;
	int f;

	for (; body < end; body++)
		if (*body == '{' && (f = field_at(body + 1, &n)) >= 0 && pieces[f].len == 0)
			return false;
	return true;
}

/* Behind a mark of a part that may be left out; behind the part itself when it is. body itself when
 * there is no mark. */
static const char *
pass_part(const char *body, const struct piece *pieces, bool parts)
{
	const char *end = strstr(body, "?}");

	if (strncmp(body, "?}", 2) == 0)
		return body + 2;
	if (strncmp(body, "{?", 2) != 0 || end == NULL)
		return body;
	return parts && is_complete(body + 2, end, pieces) ? body + 2 : end + 2;
}

static void
fill(const char *signature, const char *body, const struct piece *pieces, bool parts,
    struct buffer *out)
{
	const char *next;
	size_t n;
	int f;

	buffer_add_string(out, signature);
	while (*body != '\0') {
		if ((next = pass_part(body, pieces, parts)) != body) {
			body = next;
			continue;
		}
		if (*body == '{' && (f = field_at(body + 1, &n)) >= 0) {
			buffer_add(out, pieces[f].text, pieces[f].len);
			if (f < SHORTENED && pieces[f].text[pieces[f].len] != '\0')
				buffer_add_string(out, ELLIPSIS);
			body += n + 2;
			continue;
		}
		buffer_add(out, body, sequence((unsigned char)*body));
		body += sequence((unsigned char)*body);
	}
}

void
reply_render(const struct policy *p, enum template t, enum tongue tongue,
    const struct reply_fields *fields, struct buffer *out)
{
	struct piece pieces[FIELDS];
	size_t begin = out->len;

	for (int f = 0; f < FIELDS; f++) {
		const char *v =
		    *(const char *const *)((const char *)fields + fields_table[f].offset);
		pieces[f].text = v != NULL ? v : "";
		pieces[f].len = strlen(pieces[f].text);
	}
	fill(p->signature, p->templates[t][tongue], pieces, true, out);
	if (reply_units(out->data + begin, out->len - begin) <= REPLY_UNITS)
		return;
	out->len = begin;
	fill(p->signature, p->templates[t][tongue], pieces, false, out);
	for (int f = 0; f < SHORTENED; f++) {
		size_t units = reply_units(out->data + begin, out->len - begin);
		size_t has = reply_units(pieces[f].text, pieces[f].len), over;
		if (units <= REPLY_UNITS)
			return;
		over = units - REPLY_UNITS + 1; /* the ellipsis takes one */
		if (has < 4)
			continue;
		pieces[f].len =
		    prefix(pieces[f].text, pieces[f].len, has > over + 2 ? has - over : 2);
		out->len = begin;
		fill(p->signature, p->templates[t][tongue], pieces, false, out);
	}
}

/* The bytes of the digit at text, in either width; 0 when there is none. */
static size_t
digit_at(const char *text, size_t len)
{
	const unsigned char *b = (const unsigned char *)text;

	if (len >= 1 && b[0] >= '0' && b[0] <= '9')
		return 1;
	return len >= 3 && b[0] == 0xEF && b[1] == 0xBC && b[2] >= 0x90 && b[2] <= 0x99 ? 3 : 0;
}

static unsigned
count_digits(const char *text, size_t len)
{
	unsigned digits = 0;

	for (size_t i = 0; i < len; i++)
		digits += digit_at(text + i, len - i) != 0;
	return digits;
}

static void
blot(const char *text, size_t len, unsigned head, unsigned tail, struct buffer *out)
{
	unsigned digits = count_digits(text, len), seen = 0;

	for (size_t i = 0; i < len;) {
		size_t n = digit_at(text + i, len - i);

		if (n != 0 && seen >= head && seen + tail < digits)
			buffer_add_byte(out, '*');
		else
			buffer_add(out, text + i, n != 0 ? n : 1);
		seen += n != 0;
		i += n != 0 ? n : 1;
	}
}

/* A telephone keeps three digits before and four behind, an identity card six and the last four,
 * of which one may be a letter that stands behind the span. */
static void
blot_number(const char *text, size_t len, bool letter, struct buffer *out)
{
	unsigned digits = count_digits(text, len);

	if (digits == 18 || (digits == 17 && letter))
		blot(text, len, 6, digits - 14, out);
	else
		blot(text, len, 3, digits > 8 ? 4 : 3, out);
}

void
reply_mask(const struct understanding *u, const char *text, size_t len, struct buffer *out)
{
	for (size_t i = 0; i < len;) {
		const struct understanding_span *span = NULL;
		bool code = false;

		for (unsigned k = 0; k < u->phone_count && span == NULL; k++)
			if (u->phones[k].at == i && u->phones[k].len > 0)
				span = &u->phones[k];
		for (unsigned k = 0; k < u->code_count && span == NULL; k++)
			if (u->codes[k].at == i && u->codes[k].len > 0) {
				span = &u->codes[k];
				code = true;
			}
		if (span != NULL && i + span->len <= len) {
			if (code)
				blot(text + i, span->len, 0, 0, out);
			else
				blot_number(text + i, span->len,
				    i + span->len < len && (text[i + span->len] | 0x20) == 'x',
				    out);
			i += span->len;
			continue;
		}
		buffer_add_byte(out, text[i] == '\n' || text[i] == '\t' ? ' ' : (uint8_t)text[i]);
		i++;
	}
}
