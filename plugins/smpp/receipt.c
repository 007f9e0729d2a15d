/* SPDX-License-Identifier: BSD-2-Clause */
/* Receipts by TLV or by text. The text is walked once; a key counts only at the start of a word. */
#include "receipt.h"

#include "pdu.h"
#include "udh.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VALUE 66
#define LONGEST_TEXT 512 /* nothing that counts stands behind it */

enum key { KEY_ID, KEY_SUB, KEY_DLVRD, KEY_SUBMITTED, KEY_DONE, KEY_STAT, KEY_ERR, KEY_TEXT, KEYS };

/* A blank in a name stands for a blank, an underscore or nothing. */
static const struct {
	const char *name;
	enum key key;
} keys[] = {
	{ "id", KEY_ID },
	{ "sub", KEY_SUB },
	{ "dlvrd", KEY_DLVRD },
	{ "submit date", KEY_SUBMITTED },
	{ "done date", KEY_DONE },
	{ "stat", KEY_STAT },
	{ "state", KEY_STAT },
	{ "status", KEY_STAT },
	{ "err", KEY_ERR },
	{ "error", KEY_ERR },
	{ "text", KEY_TEXT },
};

struct fields {
	char value[KEYS][VALUE];
};

/* The states of 5.2.28 and of Appendix B; "SKIPPED" is of 5.0. CMPP's ACCEPTED is not final. */
static const struct {
	uint8_t number;
	const char *name; /* as far as it must agree */
	enum channel_receipt_state state;
} states[] = {
	{ 0, "SCHED", CHANNEL_RECEIPT_PENDING },
	{ 1, "ENROUTE", CHANNEL_RECEIPT_PENDING },
	{ 2, "DELIV", CHANNEL_RECEIPT_DELIVERED },
	{ 3, "EXPIRED", CHANNEL_RECEIPT_FAILED },
	{ 4, "DELETED", CHANNEL_RECEIPT_FAILED },
	{ 5, "UNDELIV", CHANNEL_RECEIPT_FAILED },
	{ 6, "ACCEPT", CHANNEL_RECEIPT_PENDING },
	{ 7, "UNKNOWN", CHANNEL_RECEIPT_UNKNOWN },
	{ 8, "REJECT", CHANNEL_RECEIPT_FAILED },
	{ 9, "SKIPPED", CHANNEL_RECEIPT_FAILED },
	{ 255, "BUFFERED", CHANNEL_RECEIPT_PENDING },
	{ 255, "FAIL", CHANNEL_RECEIPT_FAILED },
};
#define STATES (sizeof(states) / sizeof(states[0]))

bool
receipt_is(uint8_t esm_class)
{
	/* Bits 5 to 2 are a type, but both bits may come together. */
	return (esm_class & 0x3c) == 0x04 || (esm_class & 0x20) != 0;
}

/* The length of name and its colon at the start of s, or 0. */
static size_t
match_key(const char *s, size_t len, const char *name)
{
	size_t at = 0;

	for (; *name != '\0'; name++) {
		if (*name == ' ') {
			while (at < len && (s[at] == ' ' || s[at] == '_'))
				at++;
			continue;
		}
		if (at >= len || tolower((uint8_t)s[at]) != *name)
			return 0;
		at++;
	}
	return at < len && s[at] == ':' ? at + 1 : 0;
}

/* The key at the start of s, and its length with the colon; 0 when there is none. */
static size_t
key_at(const char *s, size_t len, enum key *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t n = match_key(s, len, keys[i].name);
		if (n > 0) {
			*key = keys[i].key;
			return n;
		}
	}
	return 0;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Copies the word at s; the same octets as in pdu.c become '_' and '?', so that an id here is equal
 * to the id there. Returns the word's length. */
static size_t
copy_word(char *out, const char *s, size_t len)
{
	size_t n = 0, end = 0;

	while (end < len && !blank(s[end]))
		end++;
	size_t keep = end;
	while (keep > 0 && (s[keep - 1] == ',' || s[keep - 1] == ';'))
		keep--;
	for (; n < keep && n < VALUE - 1; n++) {
		uint8_t c = (uint8_t)s[n];
		out[n] = c < 0x20 || c > 0x7e ? '?' : c == ',' ? '_' : (char)c;
	}
	out[n] = '\0';
	return end;
}

static void
split_fields(const char *s, size_t len, struct fields *out)
{
	size_t at = 0;
	bool word_begins = true;

	while (at < len) {
		enum key key, next;
		char value[VALUE];
		size_t n = word_begins ? key_at(s + at, len - at, &key) : 0;
		if (n == 0) {
			word_begins = blank(s[at]) || s[at] == ',' || s[at] == ';';
			at++;
			continue;
		}
		if (key == KEY_TEXT)
			return; /* the rest is what a person wrote, keys and all */
		at += n;
		while (at < len && blank(s[at]))
			at++;
		word_begins = true;
		if (key_at(s + at, len - at, &next) > 0)
			continue; /* no value: the next key stands here */
		n = copy_word(value, s + at, len - at);
		if (out->value[key][0] == '\0')
			memcpy(out->value[key], value, sizeof(value));
		at += n;
	}
}

/* CMPP's network codes: MA:0001, MI:0024 … and the like mean that it failed. */
static bool
network_code(const char *stat)
{
	return isalpha((uint8_t)stat[0]) && isalpha((uint8_t)stat[1]) && stat[2] == ':' &&
	       isdigit((uint8_t)stat[3]);
}

static enum channel_receipt_state
state_of_text(const char *stat)
{
	for (size_t i = 0; i < STATES; i++)
		if (strncasecmp(stat, states[i].name, strlen(states[i].name)) == 0)
			return states[i].state;
	return network_code(stat) ? CHANNEL_RECEIPT_FAILED : CHANNEL_RECEIPT_UNKNOWN;
}

static enum channel_receipt_state
state_of_number(uint8_t number, const char **name)
{
	for (size_t i = 0; i < STATES; i++) {
		if (states[i].number == number && number != 255) {
			*name = states[i].name;
			return states[i].state;
		}
	}
	*name = "UNKNOWN";
	return CHANNEL_RECEIPT_UNKNOWN;
}

/* "2011241530", with seconds, or with the century too, as 2020-11-24T15:30; else as it stands. */
static void
format_date(const char *s, char *out, size_t room)
{
	size_t len = strlen(s);

	if (strspn(s, "0123456789") != len || (len != 10 && len != 12 && len != 14)) {
		snprintf(out, room, "%.32s", s);
		return;
	}
	if (len == 14) /* 20201124153000 */
		snprintf(out, room, "%.4s-%.2s-%.2sT%.2s:%.2s", s, s + 4, s + 6, s + 8, s + 10);
	else
		snprintf(out, room, "20%.2s-%.2s-%.2sT%.2s:%.2s", s, s + 2, s + 4, s + 6, s + 8);
}

static void
describe(const struct fields *f, const char *state, const struct pdu *pdu, struct receipt *out)
{
	char done[40];
	int n = snprintf(out->detail, sizeof(out->detail), "%.20s", state);

	if (f->value[KEY_ERR][0] != '\0')
		n += snprintf(out->detail + n, sizeof(out->detail) - (size_t)n, " err=%.20s",
		    f->value[KEY_ERR]);
	if ((pdu->has & PDU_HAS_NETWORK_ERROR) != 0)
		n += snprintf(out->detail + n, sizeof(out->detail) - (size_t)n, " network=%u/%u",
		    pdu->network_error[0],
		    (unsigned)pdu->network_error[1] << 8 | pdu->network_error[2]);
	if (f->value[KEY_DONE][0] != '\0') {
		format_date(f->value[KEY_DONE], done, sizeof(done));
		snprintf(out->detail + n, sizeof(out->detail) - (size_t)n, " done=%s", done);
	}
}

/* The id in the text goes as far as ids go. */
static void
set_id(const struct pdu *pdu, const struct fields *f, struct receipt *out)
{
	const char *id = pdu->receipted_id[0] != '\0' ? pdu->receipted_id : f->value[KEY_ID];

	snprintf(out->id, sizeof(out->id), "%.64s", id);
}

/* The text without a user data header, and in one octet a character where it came as UCS2. Returns
 * its length. */
static size_t
plain_text(const struct pdu *pdu, char out[LONGEST_TEXT])
{
	const uint8_t *at = pdu->message;
	size_t len = pdu->message_len, step = pdu->data_coding == 8 ? 2 : 1, n = 0;
	struct udh udh;

	if ((pdu->esm_class & 0x40) != 0 && udh_parse(at, len, &udh)) {
		at += udh.octets;
		len -= udh.octets;
	}
	/* Some say 8 and send ASCII. */
	if (step == 2 && len > 0 && at[0] != 0)
		step = 1;
	for (; n < LONGEST_TEXT && (n + 1) * step <= len; n++)
		out[n] = (char)at[n * step + step - 1];
	return n;
}

bool
receipt_parse(const struct pdu *pdu, struct receipt *out)
{
	struct fields f = { 0 };
	const char *name = "";
	char text[LONGEST_TEXT];

	memset(out, 0, sizeof(*out));
	out->intermediate = (pdu->frame.id == PDU_DELIVER_SM || pdu->frame.id == PDU_DATA_SM) &&
			    (pdu->esm_class & 0x20) != 0;
	split_fields(text, plain_text(pdu, text), &f);
	set_id(pdu, &f, out);
	if ((pdu->has & PDU_HAS_STATE) != 0) {
		out->state = state_of_number(pdu->message_state, &name);
	} else if (f.value[KEY_STAT][0] != '\0') {
		out->state = state_of_text(f.value[KEY_STAT]);
	} else {
		out->state = CHANNEL_RECEIPT_UNKNOWN;
		if (out->id[0] == '\0')
			return false;
	}
	if (f.value[KEY_STAT][0] != '\0')
		name = f.value[KEY_STAT];
	if (out->intermediate)
		out->state = CHANNEL_RECEIPT_PENDING;
	describe(&f, name, pdu, out);
	return true;
}
