/* SPDX-License-Identifier: BSD-2-Clause */
/* One pass over the bytes, without a tree: depth of nesting costs nothing. */
#include "html.h"

#include "../common/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct html {
	const char *at, *end;
	struct bytes *out;
	size_t limit;
	unsigned quotes, pre;
	bool line_begun, space; /* something stands on this line; a space is due */
	unsigned breaks;        /* line feeds since the last text */
};

enum effect { INLINE, BLOCK, PARAGRAPH, BREAK, CELL, QUOTE, PRE, SKIPPED };

static const struct {
	const char *name;
	enum effect effect;
} tags[] = {
	{ "br", BREAK },
	{ "p", PARAGRAPH },
	{ "div", BLOCK },
	{ "tr", BLOCK },
	{ "li", BLOCK },
	{ "ul", BLOCK },
	{ "ol", BLOCK },
	{ "table", BLOCK },
	{ "hr", BLOCK },
	{ "h1", PARAGRAPH },
	{ "h2", PARAGRAPH },
	{ "h3", PARAGRAPH },
	{ "h4", PARAGRAPH },
	{ "h5", PARAGRAPH },
	{ "h6", PARAGRAPH },
	{ "section", BLOCK },
	{ "article", BLOCK },
	{ "header", BLOCK },
	{ "footer", BLOCK },
	{ "dt", BLOCK },
	{ "dd", BLOCK },
	{ "center", BLOCK },
	{ "form", BLOCK },
	{ "body", BLOCK },
	{ "td", CELL },
	{ "th", CELL },
	{ "blockquote", QUOTE },
	{ "pre", PRE },
	{ "script", SKIPPED },
	{ "style", SKIPPED },
	{ "title", SKIPPED },
	{ "template", SKIPPED },
	{ "noscript", SKIPPED },
	{ "textarea", SKIPPED },
	{ "svg", SKIPPED },
};

static const struct {
	const char *name, *text;
} entities[] = {
	{ "nbsp", " " },
	{ "lt", "<" },
	{ "gt", ">" },
	{ "amp", "&" },
	{ "quot", "\"" },
	{ "apos", "'" },
	{ "middot", "·" },
	{ "hellip", "…" },
	{ "mdash", "—" },
	{ "ndash", "–" },
	{ "ldquo", "“" },
	{ "rdquo", "”" },
	{ "lsquo", "‘" },
	{ "rsquo", "’" },
	{ "laquo", "«" },
	{ "raquo", "»" },
	{ "bull", "•" },
	{ "copy", "©" },
	{ "reg", "®" },
	{ "yen", "¥" },
	{ "times", "×" },
	{ "deg", "°" },
	{ "ensp", " " },
	{ "emsp", " " },
	{ "thinsp", " " },
	{ "zwnj", "" },
	{ "zwj", "" },
	{ "shy", "" },
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void
put(struct html *h, const char *s, size_t len)
{
	if (h->out->len + len > h->limit) {
		len = h->limit - h->out->len;
		while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
			len--;
		h->at = h->end;
	}
	bytes_add(h->out, s, len);
}

static void
end_line(struct html *h, unsigned breaks)
{
	if (h->line_begun) {
		put(h, "\n", 1);
		h->breaks = 1;
	}
	if (breaks > 1 && h->breaks == 1 && h->out->len > 0) {
		put(h, "\n", 1);
		h->breaks = 2;
	}
	h->line_begun = h->space = false;
}

static void
put_text(struct html *h, const char *s, size_t len)
{
	if (!h->line_begun)
		for (unsigned i = 0; i < h->quotes && i < 8; i++)
			put(h, "> ", 2);
	else if (h->space)
		put(h, " ", 1);
	h->line_begun = true;
	h->space = false;
	h->breaks = 0;
	put(h, s, len);
}

static void
put_code_point(struct html *h, uint32_t cp)
{
	char s[4];
	size_t len;

	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0xd800 && cp <= 0xdfff) ||
	    cp > 0x10ffff || cp == 0xfeff || cp == 0x200b || cp == 0xa0) {
		h->space = true;
		return;
	}
	len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, cp >>= 6)
		s[i] = (char)(0x80 | (cp & 0x3f));
	s[0] = (char)(len == 1 ? cp : ((0xf00u >> len) & 0xff) | cp);
	put_text(h, s, len);
}

static bool
take_numeric(struct html *h, const char *s, size_t len)
{
	bool hex = len > 0 && (*s == 'x' || *s == 'X');
	uint32_t cp = 0;
	size_t i = hex;

	for (; i < len; i++) {
		int digit = s[i] >= '0' && s[i] <= '9' ? s[i] - '0'
			    : hex && (s[i] | 32) >= 'a' && (s[i] | 32) <= 'f'
				? (s[i] | 32) - 'a' + 10
				: -1;
		if (digit < 0)
			return false;
		cp = cp > 0x10ffff ? cp : cp * (hex ? 16 : 10) + (uint32_t)digit;
	}
	if (i == (size_t)hex)
		return false;
	put_code_point(h, cp);
	return true;
}

/* at is behind the "&". False: it is no entity. */
static bool
take_entity(struct html *h)
{
	size_t len = 0, room = (size_t)(h->end - h->at);
	bool numeric = room > 0 && *h->at == '#';

	while (len < room && len < 12 && (is_letter(h->at[len]) || (len == 0 && numeric)))
		len++;
	if (numeric) {
		if (!take_numeric(h, h->at + 1, len > 0 ? len - 1 : 0))
			return false;
	} else {
		size_t i = 0, count = sizeof(entities) / sizeof(entities[0]);
		while (i < count && !bytes_equal_nocase(h->at, len, entities[i].name))
			i++;
		if (i == count)
			return false;
		if (entities[i].text[0] == ' ')
			h->space = true;
		else
			put_text(h, entities[i].text, strlen(entities[i].text));
	}
	h->at += len;
	if (h->at < h->end && *h->at == ';')
		h->at++;
	return true;
}

static void
take_text(struct html *h)
{
	const char *from = h->at;

	if (is_space(*h->at)) {
		if (h->pre > 0 && *h->at == '\n') {
			if (h->line_begun || h->breaks < 2)
				put(h, "\n", 1);
			h->breaks = h->line_begun ? 1 : h->breaks + 1;
			h->line_begun = h->space = false;
		} else {
			h->space = true;
		}
		h->at++;
		return;
	}
	if (*h->at == '&') {
		h->at++;
		if (!take_entity(h))
			put_text(h, "&", 1);
		return;
	}
	while (h->at < h->end && !is_space(*h->at) && *h->at != '<' && *h->at != '&')
		h->at++;
	if (h->at == from) /* a "<" that begins no tag */
		h->at++;
	put_text(h, from, (size_t)(h->at - from));
}

/* Behind "</name", wherever that is. */
static void
skip_element(struct html *h, const char *name)
{
	size_t len = strlen(name);

	for (; h->at < h->end; h->at++) {
		h->at = memchr(h->at, '<', (size_t)(h->end - h->at));
		if (h->at == NULL) {
			h->at = h->end;
			return;
		}
		if ((size_t)(h->end - h->at) > len + 2 && h->at[1] == '/' &&
		    bytes_equal_nocase(h->at + 2, len, name))
			return;
	}
}

static void
apply(struct html *h, enum effect effect, bool closing, const char *name)
{
	switch (effect) {
	case INLINE:
		break;
	case BREAK:
		if (!h->line_begun && h->breaks < 2 && h->out->len > 0) {
			put(h, "\n", 1);
			h->breaks++;
		}
		end_line(h, 1);
		break;
	case BLOCK:
		end_line(h, 1);
		break;
	case PARAGRAPH:
		end_line(h, 2);
		break;
	case CELL:
		h->space = true;
		break;
	case QUOTE:
		end_line(h, 1);
		if (!closing)
			h->quotes++;
		else if (h->quotes > 0)
			h->quotes--;
		break;
	case PRE:
		end_line(h, 1);
		if (!closing)
			h->pre++;
		else if (h->pre > 0)
			h->pre--;
		break;
	case SKIPPED:
		if (!closing)
			skip_element(h, name);
		break;
	}
}

/* Behind the ">" that ends the tag; quotes may hold one. */
static void
skip_attributes(struct html *h)
{
	char quote = 0;

	for (; h->at < h->end; h->at++) {
		if (quote != 0)
			quote = *h->at == quote ? 0 : quote;
		else if ((*h->at == '"' || *h->at == '\'') && h->at[-1] == '=')
			quote = *h->at;
		else if (*h->at == '>')
			break;
	}
	if (h->at < h->end)
		h->at++;
}

static void
take_comment(struct html *h)
{
	const char *end;

	if (h->end - h->at >= 4 && memcmp(h->at, "<!--", 4) == 0)
		end = memmem(h->at + 4, (size_t)(h->end - h->at - 4), "-->", 3);
	else
		end = memchr(h->at, '>', (size_t)(h->end - h->at));
	h->at = end == NULL ? h->end : end[0] == '-' ? end + 3 : end + 1;
}

/* True when a tag began here and was taken. */
static bool
take_tag(struct html *h)
{
	const char *name = h->at + 1;
	bool closing = name < h->end && *name == '/';
	size_t len = 0, i = 0, count = sizeof(tags) / sizeof(tags[0]);

	if (name < h->end && (*name == '!' || *name == '?')) {
		take_comment(h);
		return true;
	}
	name += closing;
	while (name + len < h->end && (is_letter(name[len]) || name[len] == ':'))
		len++;
	if (len == 0)
		return false;
	h->at = name + len;
	skip_attributes(h);
	while (i < count && !bytes_equal_nocase(name, len, tags[i].name))
		i++;
	if (i < count)
		apply(h, tags[i].effect, closing, tags[i].name);
	return true;
}

void
html_text(const char *html, size_t len, size_t limit, struct bytes *out)
{
	struct html h = { .at = html, .end = html + len, .out = out, .limit = out->len + limit };

	while (h.at < h.end)
		if (*h.at != '<' || !take_tag(&h))
			take_text(&h);
}
