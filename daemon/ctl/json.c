/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON reader by recursive descent. */
#include "ctl/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/xalloc.h"

enum { DEPTH_MAX = 64 };

struct reader {
	const char *at, *end;
	unsigned depth;
};

static bool read_value(struct reader *r, struct json *into);

static void
skip_space(struct reader *r)
{
	while (r->at < r->end && memchr(" \t\r\n", *r->at, 4) != NULL)
		r->at++;
}

static bool
take(struct reader *r, char c)
{
	skip_space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool
read_hex(struct reader *r, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		static const char digits[] = "0123456789abcdef";
		const char *d;

		if (r->at == r->end || *r->at == '\0' ||
		    (d = strchr(digits, *r->at | 0x20)) == NULL)
			return false;
		*out = *out * 16 + (uint32_t)(d - digits);
	}
	return true;
}

static void
add_utf8(struct buffer *out, uint32_t c)
{
	if (c < 0x80) {
		buffer_add_byte(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buffer_add_byte(out, (uint8_t)(0xC0 | c >> 6));
	} else if (c < 0x10000) {
		buffer_add_byte(out, (uint8_t)(0xE0 | c >> 12));
		buffer_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	} else {
		buffer_add_byte(out, (uint8_t)(0xF0 | c >> 18));
		buffer_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		buffer_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	}
	buffer_add_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
}

/* Behind "\u". */
static bool
read_code_point(struct reader *r, struct buffer *out)
{
	uint32_t c, low;

	if (!read_hex(r, &c))
		return false;
	if (c >= 0xD800 && c < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' &&
	    r->at[1] == 'u') {
		r->at += 2;
		if (!read_hex(r, &low) || low < 0xDC00 || low > 0xDFFF)
			return false;
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	add_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
	return true;
}

static bool
read_escape(struct reader *r, struct buffer *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (r->at == r->end)
		return false;
	if (*r->at == 'u') {
		r->at++;
		return read_code_point(r, out);
	}
	found = *r->at != '\0' ? strchr(from, *r->at) : NULL;
	if (found == NULL)
		return false;
	buffer_add_byte(out, (uint8_t)to[found - from]);
	r->at++;
	return true;
}

static bool
read_string(struct reader *r, char **text)
{
	struct buffer out = { 0 };

	if (!take(r, '"'))
		return false;
	while (r->at < r->end && *r->at != '"') {
		if (*r->at != '\\') {
			buffer_add_byte(&out, (uint8_t)*r->at++);
			continue;
		}
		r->at++;
		if (!read_escape(r, &out))
			break;
	}
	*text = buffer_take(&out);
	return take(r, '"');
}

static bool
read_word(struct reader *r, struct json *into)
{
	const char *begin = r->at;

	while (r->at < r->end && memchr(",]} \t\r\n", *r->at, 7) == NULL)
		r->at++;
	into->text = xmemdup0(begin, (size_t)(r->at - begin));
	if (strcmp(into->text, "null") == 0)
		into->type = JSON_NULL;
	else if (strcmp(into->text, "true") == 0 || strcmp(into->text, "false") == 0)
		into->type = JSON_BOOL;
	else if (strspn(into->text, "0123456789+-.eE") == strlen(into->text) && *into->text != '\0')
		into->type = JSON_NUMBER;
	else
		return false;
	return true;
}

static bool
read_elements(struct reader *r, struct json *into, char end)
{
	struct json **tail = &into->first;

	r->at++;
	if (take(r, end))
		return true;
	do {
		struct json *one = xcalloc(1, sizeof(*one));

		*tail = one;
		tail = &one->next;
		if (end == '}' && (!read_string(r, &one->key) || !take(r, ':')))
			return false;
		if (!read_value(r, one))
			return false;
	} while (take(r, ','));
	return take(r, end);
}

static bool
read_value(struct reader *r, struct json *into)
{
	bool ok;

	skip_space(r);
	if (r->at == r->end || r->depth == DEPTH_MAX)
		return false;
	switch (*r->at) {
	case '{':
	case '[':
		into->type = *r->at == '{' ? JSON_OBJECT : JSON_ARRAY;
		r->depth++;
		ok = read_elements(r, into, *r->at == '{' ? '}' : ']');
		r->depth--;
		return ok;
	case '"':
		into->type = JSON_STRING;
		return read_string(r, &into->text);
	default:
		return read_word(r, into);
	}
}

bool
json_parse(const char *text, size_t len, struct json **out, struct err *err)
{
	struct reader r = { .at = text, .end = text + len };

	*out = xcalloc(1, sizeof(**out));
	if (read_value(&r, *out)) {
		skip_space(&r);
		if (r.at == r.end)
			return true;
	}
	json_free(out);
	return err_set(err, "no JSON at byte %zu", (size_t)(r.at - text));
}

void
json_free(struct json **json)
{
	struct json *one = *json, *next;

	for (; one != NULL; one = next) {
		next = one->next;
		json_free(&one->first);
		free(one->key);
		free(one->text);
		free(one);
	}
	*json = NULL;
}

const struct json *
json_member(const struct json *object, const char *key)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m != NULL; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m->type == JSON_NULL ? NULL : m;
	return NULL;
}

const char *
json_member_text(const struct json *object, const char *key)
{
	const struct json *m = json_member(object, key);

	return m != NULL && m->text != NULL ? m->text : "";
}

void
json_show(const struct json *json, struct buffer *out)
{
	const char *between = json->type == JSON_ARRAY ? ", " : " ";
	size_t start = out->len;

	if (json->type == JSON_NULL)
		return;
	if (json->text != NULL)
		buffer_add_string(out, json->text);
	for (const struct json *one = json->first; one != NULL; one = one->next) {
		if (one->type == JSON_NULL)
			continue;
		if (out->len > start)
			buffer_add_string(out, between);
		if (one->key != NULL)
			buffer_printf(out, "%s=", one->key);
		json_show(one, out);
	}
}
