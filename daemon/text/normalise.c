/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of a text that is compared. What residents mostly write (Han, Hangul syllables, ASCII,
 * full width) takes a short way here; the rest goes through utf8proc, cluster by cluster, so that
 * each code point of the copy still knows its byte in the original. */
#include "text/normalise.h"

#include <utf8proc.h>

#include "text/utf8.h"

#define HAN_FIRST 0x4e00
#define HAN_LAST 0x9fff
#define CLUSTER_MAX 32 /* code points of one slow cluster, decomposed */

static const uint16_t simplified[HAN_LAST - HAN_FIRST + 1] = {
#include "text/traditional.inc"
};

static bool
is_space(uint32_t cp)
{
	return cp <= 0x20 || cp == 0x7f || (cp >= 0x80 && cp <= 0xa0) || cp == 0x3000 ||
	       (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f ||
	       cp == 0x205f || cp == 0x1680;
}

/* The code point's normal form if that is one code point that never joins its neighbours; else 0.
 */
static uint32_t
fast(uint32_t cp)
{
	if (cp >= 0xff01 && cp <= 0xff5e)
		cp -= 0xfee0;
	if (cp < 0x80)
		return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
	if (cp >= HAN_FIRST && cp <= HAN_LAST)
		return simplified[cp - HAN_FIRST] != 0 ? simplified[cp - HAN_FIRST] : cp;
	if (cp >= 0xac00 && cp <= 0xd7a3)
		return cp;
	return cp >= 0x3001 && cp <= 0x3029 ? cp : 0;
}

/* It may melt into the code point before it. */
static bool
joins(uint32_t cp)
{
	if (cp < 0x300)
		return false;
	return (cp >= 0x1160 && cp <= 0x11ff) ||
	       utf8proc_get_property((int32_t)cp)->combining_class != 0;
}

static void
count_script(struct normal *out, uint32_t cp)
{
	if (normalise_is_han(cp))
		out->han++;
	else if (normalise_is_hangul(cp))
		out->hangul++;
	else if (cp >= '0' && cp <= '9')
		out->digits++;
	else if (cp >= 'a' && cp <= 'z')
		out->latin++;
	else if (cp > 0x7f && normalise_is_emoji(cp))
		out->emoji++;
}

static void
put(struct normal *out, uint32_t cp, size_t src, size_t end, bool *gap)
{
	if (out->count >= NORMALISE_MAX)
		return;
	out->cp[out->count] = cp;
	out->src[out->count] = (uint16_t)src;
	out->end[out->count] = (uint16_t)end;
	out->gap[out->count] = *gap;
	out->count++;
	*gap = false;
}

/* Takes the base at text[at] and all that joins it through utf8proc; returns the bytes read. */
static size_t
slow_cluster(const char *text, size_t len, size_t at, bool *gap, struct normal *out)
{
	const utf8proc_option_t options =
	    (utf8proc_option_t)(UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD |
				UTF8PROC_IGNORE | UTF8PROC_STABLE);
	int32_t buf[CLUSTER_MAX];
	utf8proc_ssize_t n = 0;
	int bound = UTF8PROC_BOUNDCLASS_START;
	size_t pos = at;

	while (pos < len) {
		uint32_t cp;
		size_t bytes = utf8_read(text + pos, len - pos, &cp);
		utf8proc_ssize_t more;

		if (cp == UTF8_BAD)
			cp = UTF8_REPLACEMENT;
		if (pos > at && !joins(cp))
			break;
		more =
		    utf8proc_decompose_char((int32_t)cp, buf + n, CLUSTER_MAX - n, options, &bound);
		if (more >= 0 && n + more <= CLUSTER_MAX)
			n += more;
		pos += bytes;
	}
	n = utf8proc_normalize_utf32(buf, n, options);
	for (utf8proc_ssize_t i = 0; i < n; i++) {
		uint32_t cp = (uint32_t)buf[i];

		if (is_space(cp)) {
			*gap = true;
			continue;
		}
		if (cp >= HAN_FIRST && cp <= HAN_LAST && simplified[cp - HAN_FIRST] != 0)
			cp = simplified[cp - HAN_FIRST];
		put(out, cp, at, pos, gap);
	}
	return pos - at;
}

void
normalise(const char *text, size_t len, struct normal *out)
{
	size_t pos = 0;
	bool gap = false;

	out->count = out->hangul = out->han = out->latin = out->digits = out->emoji = 0;
	if (len > NORMALISE_MAX)
		len = NORMALISE_MAX;
	while (pos < len) {
		uint32_t cp, form, next = 0;
		size_t bytes = utf8_read(text + pos, len - pos, &cp);

		if (is_space(cp)) {
			gap = true;
			pos += bytes;
			continue;
		}
		form = cp == UTF8_BAD ? 0 : fast(cp);
		if (form != 0 && pos + bytes < len && (unsigned char)text[pos + bytes] >= 0xcc)
			utf8_read(text + pos + bytes, len - pos - bytes, &next);
		if (form != 0 &&
		    (next < 0x300 || fast(next) != 0 || next == UTF8_BAD || !joins(next))) {
			put(out, form, pos, pos + bytes, &gap);
			pos += bytes;
		} else {
			pos += slow_cluster(text, len, pos, &gap, out);
		}
	}
	out->cp[out->count] = 0;
	out->src[out->count] = out->end[out->count] = (uint16_t)len;
	out->gap[out->count] = gap;
	for (uint32_t i = 0; i < out->count; i++)
		count_script(out, out->cp[i]);
}

bool
normalise_is_letter(uint32_t cp)
{
	if (cp < 0x80)
		return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') ||
		       (cp >= 'A' && cp <= 'Z');
	if ((cp >= HAN_FIRST && cp <= HAN_LAST) || (cp >= 0xac00 && cp <= 0xd7a3))
		return true;
	switch (utf8proc_category((int32_t)cp)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return true;
	default:
		return false;
	}
}

bool
normalise_is_emoji(uint32_t cp)
{
	return (cp >= 0x1f000 && cp <= 0x1faff) || (cp >= 0x2600 && cp <= 0x27bf) ||
	       (cp >= 0x2b00 && cp <= 0x2bff) || (cp >= 0x2300 && cp <= 0x23ff) ||
	       (cp >= 0x2190 && cp <= 0x21ff) || cp == 0x3030 || cp == 0x303d || cp == 0x20e3;
}

bool
normalise_grapheme_break(uint32_t before, uint32_t after, int32_t *state)
{
	return utf8proc_grapheme_break_stateful((int32_t)before, (int32_t)after, state);
}

bool
normalise_is_unassigned(uint32_t cp)
{
	if (cp > 0x10ffff)
		return true;
	switch (utf8proc_category((int32_t)cp)) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
		return true;
	default:
		return false;
	}
}
