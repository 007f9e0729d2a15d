/* SPDX-License-Identifier: BSD-2-Clause */
/* Mails that go out: plain text in base64, which every MTA takes as it is. */
#include "compose.h"

#include "address.h"
#include "../common/bytes.h"
#include "settings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORD_OCTETS = 42, LINE_OCTETS = 57, SUBJECT_LETTERS = 40 };

static size_t
sequence(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static void
add_base64(const char *data, size_t len, struct bytes *out)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)data;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		bytes_add_byte(out, letters[v >> 18]);
		bytes_add_byte(out, letters[v >> 12 & 63]);
		bytes_add_byte(out, left > 1 ? letters[v >> 6 & 63] : '=');
		bytes_add_byte(out, left > 2 ? letters[v & 63] : '=');
	}
}

static bool
is_plain(const char *s)
{
	if (strstr(s, "=?") != NULL || strlen(s) > 300)
		return false;
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

void
compose_words(const char *value, unsigned used, struct bytes *out)
{
	size_t len = strlen(value);

	if (is_plain(value)) {
		bytes_add_string(out, value);
		return;
	}
	for (size_t at = 0, n; at < len; at += n) {
		for (n = 0; at + n < len; n += sequence((unsigned char)value[at + n]))
			if (n + sequence((unsigned char)value[at + n]) >
			    WORD_OCTETS - (at == 0 ? used / 2 : 0))
				break;
		if (n == 0)
			n = sequence((unsigned char)value[at]);
		if (at + n > len)
			n = len - at;
		bytes_add_string(out, at > 0 ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
		add_base64(value + at, n, out);
		bytes_add_string(out, "?=");
	}
}

static void
add_date(int64_t at_us, struct bytes *out)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)(at_us / 1000000);
	struct tm tm;

	localtime_r(&at, &tm);
	bytes_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d %c%02ld%02ld\r\n", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    tm.tm_gmtoff < 0 ? '-' : '+', labs(tm.tm_gmtoff) / 3600, labs(tm.tm_gmtoff) / 60 % 60);
}

/* "Re: what they wrote [20007]", or the beginning of the text. */
static void
make_subject(const struct letter *l, struct bytes *out)
{
	char *theirs = bytes_json_string(l->answered, "subject"), number[32];
	size_t n = 0;

	snprintf(number, sizeof(number), "[%" PRId64 "]", l->number);
	if (l->answered[0] != '\0') {
		bytes_printf(out, "%s%s",
		    bytes_equal_nocase(theirs, strlen(theirs) < 3 ? strlen(theirs) : 3, "Re:")
			? ""
			: "Re: ",
		    theirs);
		if (l->number != 0 && strstr(theirs, number) == NULL)
			bytes_printf(out, "%s%s", theirs[0] != '\0' ? " " : "", number);
	} else {
		if (l->number != 0)
			bytes_printf(out, "%s ", number);
		for (int i = 0; i < SUBJECT_LETTERS && l->text[n] != '\0' && l->text[n] != '\n';
		     i++)
			n += sequence((unsigned char)l->text[n]);
		bytes_add(out, l->text, n < strlen(l->text) ? n : strlen(l->text));
		if (l->text[n] != '\0' && l->text[n] != '\n')
			bytes_add_string(out, "…");
	}
	free(theirs);
}

/* In-Reply-To and References (RFC 5322, 3.6.4), one id a line. */
static void
add_thread(const struct letter *l, struct bytes *out)
{
	char *id = bytes_json_string(l->answered, "message_id");
	char *ids = bytes_json_string(l->answered, "references"), *at, *rest = ids;

	if (id[0] == '<') {
		bytes_printf(out, "In-Reply-To: %s\r\nReferences:", id);
		while ((at = strtok_r(rest, " ", &rest)) != NULL)
			bytes_printf(out, " %s\r\n", at);
		bytes_printf(out, " %s\r\n", id);
	}
	free(id);
	free(ids);
}

static void
add_ids(const struct settings *s, const struct letter *l, struct bytes *out)
{
	char token[ADDRESS_TOKEN + 1], proof[ADDRESS_TOKEN + 1];

	address_token(s->secret, -l->id, proof);
	if (l->number == 0 || s->secret[0] == '\0') {
		bytes_printf(out, "Message-ID: <text.%" PRId64 ".%s@%s>\r\n", l->id, proof,
		    address_domain(s->address));
		return;
	}
	address_token(s->secret, l->number, token);
	bytes_printf(out, "Reply-To: <case+%" PRId64 "-%s@%s>\r\n", l->number, token,
	    address_domain(s->address));
	bytes_printf(out, "Message-ID: <case.%" PRId64 ".%s.%" PRId64 ".%s@%s>\r\n", l->number,
	    token, l->id, proof, address_domain(s->address));
}

static void
add_body(const char *text, struct bytes *out)
{
	struct bytes lines = { 0 };

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			bytes_add_byte(&lines, '\r');
		bytes_add_byte(&lines, *text);
	}
	bytes_add_string(&lines, "\r\n");
	for (size_t at = 0; at < lines.len; at += LINE_OCTETS) {
		size_t left = lines.len - at;
		add_base64(lines.data + at, left < LINE_OCTETS ? left : LINE_OCTETS, out);
		bytes_add_string(out, "\r\n");
	}
	bytes_clear(&lines);
}

void
compose(const struct settings *s, const struct letter *l, struct bytes *out)
{
	struct bytes subject = { 0 };

	add_date(l->at_us, out);
	bytes_printf(out, "From: <%s>\r\nTo: <%s>\r\nSubject: ", s->address, l->to);
	make_subject(l, &subject);
	compose_words(bytes_string(&subject), 10, out);
	bytes_clear(&subject);
	bytes_add_string(out, "\r\n");
	add_ids(s, l, out);
	add_thread(l, out);
	/* RFC 3834, 3.1.7; the second is Exchange's word for the same */
	bytes_printf(out,
	    "Auto-Submitted: %s\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	    l->answered[0] != '\0' ? "auto-replied" : "auto-generated");
	add_body(l->text, out);
}
