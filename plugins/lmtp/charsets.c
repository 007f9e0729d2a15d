/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file of this plugin that knows iconv. */
#include "charsets.h"

#include "../common/bytes.h"
#include "channel/channel.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names that are read as others; "" tells that the bytes have to tell. */
static const struct {
	const char *label, *name;
} aliases[] = {
	{ "gb2312", "GB18030" },
	{ "gb_2312-80", "GB18030" },
	{ "csgb2312", "GB18030" },
	{ "gb2312.1980-0", "GB18030" },
	{ "gbk", "GB18030" },
	{ "x-gbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "ms936", "GB18030" },
	{ "windows-936", "GB18030" },
	{ "euc-cn", "GB18030" },
	{ "gb18030", "GB18030" },
	{ "gb18030-2000", "GB18030" },
	{ "euc-kr", "CP949" },
	{ "euckr", "CP949" },
	{ "cseuckr", "CP949" },
	{ "ks_c_5601-1987", "CP949" },
	{ "ks_c_5601-1989", "CP949" },
	{ "ks_c_5601", "CP949" },
	{ "ksc_5601", "CP949" },
	{ "ksc5601", "CP949" },
	{ "ks_c_5601_1987", "CP949" },
	{ "korean", "CP949" },
	{ "iso-ir-149", "CP949" },
	{ "ms949", "CP949" },
	{ "cp949", "CP949" },
	{ "uhc", "CP949" },
	{ "windows-949", "CP949" },
	{ "x-windows-949", "CP949" },
	{ "johab", "JOHAB" },
	{ "utf-8", "UTF-8" },
	{ "utf8", "UTF-8" },
	{ "unicode-1-1-utf-8", "UTF-8" },
	{ "big5", "BIG5-HKSCS" },
	{ "cn-big5", "BIG5-HKSCS" },
	{ "x-x-big5", "BIG5-HKSCS" },
	{ "iso-8859-1", "LATIN1" },
	{ "latin1", "LATIN1" },
	{ "shift_jis", "CP932" },
	{ "shift-jis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "", "" },
	{ "us-ascii", "" },
	{ "ascii", "" },
	{ "ansi_x3.4-1968", "" },
	{ "unknown", "" },
	{ "unknown-8bit", "" },
	{ "x-unknown", "" },
	{ "8bit", "" },
	{ "binary", "" },
	{ "default", "" },
	{ "default_charset", "" },
	{ "none", "" },
};

/* Those that the runtime decodes, and checks for being right. */
static bool
is_of_runtime(const char *name)
{
	static const char *const names[] = { "GB18030", "CP949", "UTF-8", "LATIN1" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

const char *
charsets_name(const char *label)
{
	static char kept[40];
	size_t len = 0;
	iconv_t cd;

	if (label == NULL)
		return NULL;
	while (*label == ' ' || *label == '"' || *label == '\'')
		label++;
	while (len < sizeof(kept) - 1 &&
	       (isalnum((unsigned char)label[len]) ||
		   (label[len] != '\0' && strchr("-_.:+", label[len]) != NULL)))
		len++;
	memcpy(kept, label, len);
	kept[len] = '\0';
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(aliases[i].label, kept) == 0)
			return aliases[i].name[0] != '\0' ? aliases[i].name : NULL;
	cd = iconv_open("UTF-8", kept);
	if (cd == (iconv_t)-1)
		return NULL;
	iconv_close(cd);
	return kept;
}

/* All of raw; what is not valid becomes U+FFFD. */
static void
convert(iconv_t cd, const char *raw, size_t len, struct bytes *out, unsigned *flags)
{
	char *in = (char *)(uintptr_t)raw;
	char piece[4096];

	while (len > 0) {
		char *to = piece;
		size_t room = sizeof(piece), result = iconv(cd, &in, &len, &to, &room);
		int why = errno;

		bytes_add(out, piece, (size_t)(to - piece));
		if (result != (size_t)-1 || why == E2BIG)
			continue;
		*flags |= CHANNEL_DAMAGED;
		bytes_add_string(out, "\xef\xbf\xbd");
		if (why != EILSEQ)
			break; /* cut off in the middle of a character */
		in++;
		len--;
		iconv(cd, NULL, NULL, NULL, NULL);
	}
}

/* What calls itself a charset of two bytes and is UTF-8: two characters of three bytes, and none of
 * two, which two such bytes may well be (联通). */
static bool
is_utf8_in_disguise(const unsigned char *p, size_t len)
{
	size_t three = 0;

	for (size_t i = 0; i < len;) {
		size_t n = p[i] < 0x80                   ? 1
			   : p[i] >= 0xe0 && p[i] < 0xf0 ? 3
			   : p[i] >= 0xf0 && p[i] < 0xf5 ? 4
							 : 0;
		if (n == 0 || i + n > len)
			return false;
		for (size_t k = 1; k < n; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
		three += n == 3;
		i += n;
	}
	return three >= 2;
}

/* By the runtime; what does not fit its label is what fits. */
static char *
decode_by_runtime(const char *name, const void *raw, size_t len, size_t *out_len, unsigned *flags)
{
	bool wide = name != NULL && (strcmp(name, "GB18030") == 0 || strcmp(name, "CP949") == 0);
	unsigned found;
	char *text;

	if (wide && is_utf8_in_disguise(raw, len)) {
		*flags |= CHANNEL_GUESSED;
		name = "UTF-8";
	}
	found = channel_decode(name != NULL ? name : "UTF-8", raw, len, !wide, &text, out_len);
	if (wide && (found & CHANNEL_DAMAGED) != 0) {
		free(text);
		found = channel_decode(name, raw, len, true, &text, out_len);
	}
	*flags |= found;
	return text;
}

char *
charsets_decode(const char *label, const void *raw, size_t len, size_t *out_len, unsigned *flags)
{
	const char *name = charsets_name(label);
	struct bytes utf8 = { 0 };
	char *text;
	iconv_t cd;

	if (name == NULL || is_of_runtime(name))
		return decode_by_runtime(name, raw, len, out_len, flags);
	cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1)
		abort(); /* it was open a moment ago */
	convert(cd, raw, len, &utf8, flags);
	iconv_close(cd);
	*flags |= channel_decode("UTF-8", bytes_string(&utf8), utf8.len, false, &text, out_len);
	bytes_clear(&utf8);
	return text;
}
