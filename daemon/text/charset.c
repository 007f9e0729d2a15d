/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes to UTF-8. UTF-16, Latin-1, ASCII and GSM-7 are read here, since they are the burst path;
 * the double-byte sets of China and Korea are glibc's. This is the only file that includes iconv.h.
 */
#include "text/charset.h"

#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "text/gsm7.h"
#include "text/normalise.h"
#include "text/utf8.h"

enum family { UTF8, UTF16BE, UTF16LE, LATIN1, ASCII, CP949, GB18030, GSM7, GSM7_PACKED, BINARY };

/* A charset with its parameters, read from a name. */
struct set {
	enum family family;
	unsigned fill_bits;
	unsigned locking;
	unsigned single;
};

static const struct {
	const char *name;
	enum family family;
} names[] = {
	{ "UTF-16BE", UTF16BE }, /* the most frequent first */
	{ "UTF-8", UTF8 },
	{ "UTF8", UTF8 },
	{ "UTF16BE", UTF16BE },
	{ "UCS2", UTF16BE },
	{ "UCS-2BE", UTF16BE },
	{ "UTF-16LE", UTF16LE },
	{ "LATIN1", LATIN1 },
	{ "ISO-8859-1", LATIN1 },
	{ "ASCII", ASCII },
	{ "US-ASCII", ASCII },
	{ "CP949", CP949 },
	{ "UHC", CP949 },
	{ "EUC-KR", CP949 },
	{ "MS949", CP949 },
	{ "KS_C_5601", CP949 },
	{ "GB18030", GB18030 },
	{ "GBK", GB18030 },
	{ "GB2312", GB18030 },
	{ "BINARY", BINARY },
};

static const char *const iconv_names[] = { [CP949] = "CP949", [GB18030] = "GB18030" };

/* "+N" and "/L/S" behind GSM-7. */
static bool
parse_gsm7(const char *rest, struct set *set)
{
	int used = 0;

	set->family = GSM7;
	if (strncasecmp(rest, "-PACKED", 7) == 0) {
		set->family = GSM7_PACKED;
		rest += 7;
		if (*rest == '+') {
			if (rest[1] < '0' || rest[1] > '6')
				return false;
			set->fill_bits = (unsigned)(rest[1] - '0');
			rest += 2;
		}
	}
	if (*rest == '\0')
		return true;
	return sscanf(rest, "/%3u/%3u%n", &set->locking, &set->single, &used) == 2 &&
	       rest[used] == '\0';
}

static bool
parse(const char *charset, struct set *set)
{
	memset(set, 0, sizeof(*set));
	if (strncasecmp(charset, "GSM-7", 5) == 0)
		return parse_gsm7(charset + 5, set);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(charset, names[i].name) == 0) {
			set->family = names[i].family;
			return true;
		}
	return false;
}

bool
charset_known(const char *charset)
{
	struct set set;

	return parse(charset, &set);
}

static void
add(struct buffer *out, uint32_t cp)
{
	char bytes[4];

	buffer_add(out, bytes, utf8_write(cp, bytes));
}

/* The bytes to the end are the beginning of a well-formed sequence. */
static bool
is_cut(const char *raw, size_t len)
{
	unsigned char lead = (unsigned char)raw[0];
	size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	char whole[4];

	if (lead < 0xc2 || lead > 0xf4 || len >= need)
		return false;
	if (len == 1)
		return true;
	memset(whole, 0x80, sizeof(whole));
	memcpy(whole, raw, len);
	return utf8_valid(whole, need);
}

static void
decode_utf8(const char *raw, size_t len, struct buffer *out, unsigned *flags)
{
	for (size_t pos = 0; pos < len;) {
		uint32_t cp;
		size_t n = utf8_read(raw + pos, len - pos, &cp);

		if (cp != UTF8_BAD) {
			buffer_add(out, raw + pos, n);
		} else if (is_cut(raw + pos, len - pos)) {
			*flags |= CHARSET_TRUNCATED;
			return;
		} else {
			*flags |= CHARSET_DAMAGED;
			add(out, UTF8_REPLACEMENT);
		}
		pos += n;
	}
}

static uint32_t
unit_at(const uint8_t *raw, bool little)
{
	return little ? (uint32_t)raw[1] << 8 | raw[0] : (uint32_t)raw[0] << 8 | raw[1];
}

/* The character of a surrogate at *i and of the one after it, which *i then steps over; U+FFFD when
 * they are no pair. */
static uint32_t
join_surrogates(const uint8_t *raw, size_t len, bool little, size_t *i)
{
	uint32_t high = unit_at(raw + *i, little);
	uint32_t low = *i + 3 < len ? unit_at(raw + *i + 2, little) : 0;

	if (high >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
		return UTF8_REPLACEMENT;
	*i += 2;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Straight into the buffer: nearly all that comes over SMPP is this. */
static void
decode_utf16(const uint8_t *raw, size_t len, bool little, struct buffer *out, unsigned *flags)
{
	char *to;

	buffer_reserve(out, len / 2 * 3 + 1); /* no two octets become more than three */
	to = out->data + out->len;
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint32_t cp = unit_at(raw + i, little);

		if ((cp & 0xf800) == 0xd800) {
			cp = join_surrogates(raw, len, little, &i);
			if (cp == UTF8_REPLACEMENT)
				*flags |= CHARSET_DAMAGED;
		}
		to += utf8_write(cp, to);
	}
	out->len = (size_t)(to - out->data);
	*to = '\0';
	if (len % 2 != 0)
		*flags |= CHARSET_TRUNCATED;
}

static void
decode_bytes(const uint8_t *raw, size_t len, uint8_t highest, struct buffer *out, unsigned *flags)
{
	for (size_t i = 0; i < len; i++) {
		if (raw[i] > highest)
			*flags |= CHARSET_DAMAGED;
		add(out, raw[i] > highest ? UTF8_REPLACEMENT : raw[i]);
	}
}

/* A descriptor is opened once and kept: opening costs more than a message. */
static iconv_t
descriptor(enum family family)
{
	static iconv_t kept[GB18030 + 1];

	if (kept[family] == NULL)
		kept[family] = iconv_open("UTF-8", iconv_names[family]);
	return kept[family];
}

/* Converts all of raw or nothing. */
static bool
convert(iconv_t cd, const char *raw, size_t len, struct buffer *out)
{
	size_t room = len * 4 + 16, left = len;
	char *in = (char *)(uintptr_t)raw, *to;

	buffer_reserve(out, room);
	to = out->data + out->len;
	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &in, &left, &to, &room) == (size_t)-1 || left != 0)
		return false;
	out->len = (size_t)(to - out->data);
	out->data[out->len] = '\0';
	return true;
}

/* The octets of the character at raw as its lead octets tell; more than len when it is cut. */
static size_t
double_byte_length(enum family family, const uint8_t *raw, size_t len)
{
	if (raw[0] < 0x81 || raw[0] == 0xff)
		return 1;
	if (family == GB18030 && len > 1 && raw[1] >= 0x30 && raw[1] <= 0x39)
		return 4;
	return 2;
}

/* Where raw is damaged it is converted character by character: glibc's CP949 may report an illegal
 * sequence after it has stepped over it, so its position cannot be trusted. */
static void
decode_iconv(enum family family, const char *raw, size_t len, struct buffer *out, unsigned *flags)
{
	iconv_t cd = descriptor(family);

	if (cd == (iconv_t)-1) {
		*flags |= CHARSET_OPAQUE;
		return;
	}
	if (convert(cd, raw, len, out))
		return;
	while (len > 0) {
		size_t n = double_byte_length(family, (const uint8_t *)raw, len);

		if (n > len) {
			*flags |= CHARSET_TRUNCATED;
			return;
		}
		if (!convert(cd, raw, n, out)) {
			*flags |= CHARSET_DAMAGED;
			add(out, UTF8_REPLACEMENT);
			n = n == 2 && (uint8_t)raw[1] < 0x80 ? 1 : n;
		}
		raw += n;
		len -= n;
	}
}

static void
decode_gsm7(
    const struct set *set, const uint8_t *raw, size_t len, struct buffer *out, unsigned *flags)
{
	struct buffer septets = { 0 };
	size_t bad;

	if (set->family == GSM7_PACKED) {
		gsm7_unpack(raw, len, set->fill_bits, &septets);
		raw = (const uint8_t *)septets.data;
		len = septets.len;
	}
	if (!gsm7_decode(raw, len, set->locking, set->single, out, &bad))
		*flags |= CHARSET_NO_TABLE;
	if (bad > 0)
		*flags |= CHARSET_DAMAGED;
	buffer_clear(&septets);
}

/* A character that clean() leaves as it is. */
static bool
is_plain(uint32_t cp)
{
	if (cp < 0xa0)
		return (cp >= 0x20 && cp < 0x7f) || cp == '\n' || cp == '\t';
	return cp != 0xfeff;
}

/* Line ends become line feeds, other controls spaces; NUL and byte order marks vanish. In place: it
 * never grows. */
static void
clean(struct buffer *out, size_t from)
{
	size_t to = from;

	for (size_t pos = from; pos < out->len;) {
		uint32_t cp;
		size_t n = utf8_read(out->data + pos, out->len - pos, &cp);
		bool crlf = cp == '\r' && pos + 1 < out->len && out->data[pos + 1] == '\n';

		if (is_plain(cp))
			to += (memmove(out->data + to, out->data + pos, n), n);
		else if (cp == '\r' && !crlf)
			out->data[to++] = '\n';
		else if (cp != 0 && cp != 0xfeff && !crlf)
			out->data[to++] = ' ';
		pos += n;
	}
	out->len = to;
	if (out->data != NULL)
		out->data[to] = '\0';
}

/* Appends what raw says in the set, controls and all; false for BINARY. */
static bool
decode(const struct set *set, const void *raw, size_t len, struct buffer *out, unsigned *flags)
{
	switch (set->family) {
	case UTF8:
		decode_utf8(raw, len, out, flags);
		return true;
	case UTF16BE:
	case UTF16LE:
		decode_utf16(raw, len, set->family == UTF16LE, out, flags);
		return true;
	case LATIN1:
	case ASCII:
		decode_bytes(raw, len, set->family == LATIN1 ? 0xff : 0x7f, out, flags);
		return true;
	case CP949:
	case GB18030:
		decode_iconv(set->family, raw, len, out, flags);
		return (*flags & CHARSET_OPAQUE) == 0;
	case GSM7:
	case GSM7_PACKED:
		decode_gsm7(set, raw, len, out, flags);
		return true;
	case BINARY:
		break;
	}
	*flags |= CHARSET_OPAQUE;
	return false;
}

bool
charset_decode(
    const char *charset, const void *raw, size_t len, struct buffer *out, unsigned *flags)
{
	struct set set;
	size_t from = out->len;

	*flags = 0;
	if (!parse(charset, &set)) {
		*flags = CHARSET_OPAQUE;
		return false;
	}
	if (set.family == BINARY || !decode(&set, len == 0 ? "" : raw, len, out, flags)) {
		*flags |= CHARSET_OPAQUE;
		return false;
	}
	clean(out, from);
	return true;
}

/* What a resident's text is made of; the rest of Unicode is a sign of a wrong charset. */
static bool
is_likely(uint32_t cp)
{
	return (cp >= 0x370 && cp <= 0x52f) || (cp >= 0x1100 && cp <= 0x11ff) ||
	       (cp >= 0x2000 && cp <= 0x206f) || (cp >= 0x20a0 && cp <= 0x27bf) ||
	       (cp >= 0x2b00 && cp <= 0x2bff) || (cp >= 0x3000 && cp <= 0x33ff) ||
	       (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0xfe00 && cp <= 0xfe0f) ||
	       (cp >= 0xff00 && cp <= 0xffef) || (cp >= 0x1f000 && cp <= 0x1faff) || cp == 0xfeff;
}

/* Han, Hangul and Latin first: they are nearly all that comes, and whether a code point is assigned
 * need not be looked up where all are. */
static bool
is_unlikely(uint32_t cp)
{
	if ((cp >= 0x4e00 && cp <= 0x9fa5) || (cp >= 0xac00 && cp <= 0xd7a3))
		return false;
	if (cp < 0x250)
		return cp != '\n' && cp != '\r' && cp != '\t' && cp != 0 &&
		       (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f));
	return !is_likely(cp) || cp == UTF8_REPLACEMENT || normalise_is_unassigned(cp);
}

struct census {
	size_t all, unlikely, wide, hangul, plain;
};

static void
take_census(const char *text, size_t len, struct census *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t pos = 0; pos < len;) {
		uint32_t cp;

		pos += utf8_read(text + pos, len - pos, &cp);
		c->all++;
		c->unlikely += is_unlikely(cp);
		c->wide += cp >= 0x80;
		c->hangul += normalise_is_hangul(cp);
		c->plain += is_plain(cp);
	}
}

/* The declared charset cannot be right. */
static bool
is_doubtful(
    const struct set *set, const uint8_t *raw, size_t len, const struct census *c, unsigned flags)
{
	size_t high = 0;

	switch (set->family) {
	case UTF16BE:
	case UTF16LE:
		return c->unlikely * 5 > c->all;
	case LATIN1:
		for (size_t i = 0; i < len; i++)
			high += raw[i] > 0x7f;
		return c->unlikely > 0 || (high > 0 && utf8_valid((const char *)raw, len)) ||
		       (high >= 4 && high * 2 > len);
	case UTF8:
	case ASCII:
	case GSM7:
		return (flags & CHARSET_DAMAGED) != 0;
	case CP949:
	case GB18030:
		return (flags & CHARSET_DAMAGED) != 0 || c->unlikely * 5 > c->all;
	case GSM7_PACKED:
	case BINARY:
		break;
	}
	return false;
}

/* Korean bytes read clean as GB18030 too, into Han nobody writes; eight syllables and nothing else
 * wide are taken for Korean. */
static bool
fits(enum family family, const struct buffer *text, unsigned flags)
{
	struct census c;

	take_census(text->data == NULL ? "" : text->data, text->len, &c);
	if ((flags & (CHARSET_DAMAGED | CHARSET_TRUNCATED)) != 0 || c.unlikely > 0 || c.all == 0)
		return false;
	if (family == CP949)
		return c.hangul >= 8 && c.hangul == c.wide;
	return family != UTF8 || c.wide > 0;
}

static bool
guess(enum family declared, const void *raw, size_t len, struct buffer *text, const char **used)
{
	static const struct {
		enum family family;
		const char *name;
	} order[] = { { UTF8, "UTF-8" }, { CP949, "CP949" }, { GB18030, "GB18030" },
		{ UTF16LE, "UTF-16LE" }, { UTF16BE, "UTF-16BE" } };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct set set = { .family = order[i].family };
		unsigned flags = 0;

		if (order[i].family == declared)
			continue;
		buffer_reset(text);
		if (decode(&set, raw, len, text, &flags) && fits(order[i].family, text, flags)) {
			*used = order[i].name;
			return true;
		}
	}
	return false;
}

bool
charset_decode_guess(const char *charset, const void *raw, size_t len, struct buffer *out,
    unsigned *flags, const char **used)
{
	struct buffer other = { 0 };
	const char *name = NULL;
	struct census c;
	struct set set;
	size_t from = out->len;
	bool doubtful;

	*flags = 0;
	if (used != NULL)
		*used = NULL;
	if (len == 0)
		raw = "";
	buffer_add(out, "", 0); /* an empty text is one, too */
	if (!parse(charset, &set) || !decode(&set, raw, len, out, flags)) {
		*flags = CHARSET_OPAQUE;
		return false;
	}
	take_census(out->data + from, out->len - from, &c);
	doubtful = is_doubtful(&set, raw, len, &c, *flags);
	if (doubtful && guess(set.family, raw, len, &other, &name)) {
		*flags = CHARSET_GUESSED;
		out->len = from;
		buffer_add(out, other.data, other.len);
	}
	if (used != NULL)
		*used = name;
	/* A text that was counted and has nothing to be cleaned is not walked again. */
	if (name != NULL || c.plain < c.all)
		clean(out, from);
	buffer_clear(&other);
	return true;
}
