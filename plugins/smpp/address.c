/* SPDX-License-Identifier: BSD-2-Clause */
/* Phones to E.164 and back. What is no phone stays as it is. */
#include "address.h"

#include <string.h>

#define SERVICE_DIGITS 7 /* fewer are a service */
#define LONGEST_E164 15

static bool
starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool
is_china(const char *country)
{
	return strcmp(country, "86") == 0;
}

static bool
is_filler(char c)
{
	return c == ' ' || c == '-' || c == '(' || c == ')' || c == '.';
}

/* Copies without the blanks, dashes and brackets that people put into numbers. */
static void
compact(const char *raw, char *out)
{
	size_t n = 0;

	for (; *raw != '\0' && n < ADDRESS_ROOM - 2; raw++)
		if (!is_filler(*raw))
			out[n++] = *raw;
	out[n] = '\0';
}

static bool
all_digits(const char *s)
{
	const char *end = s;

	while (*end >= '0' && *end <= '9')
		end++;
	return end > s && *end == '\0';
}

/* Appends at most so many bytes of s, as far as there is room; returns the new end. */
static size_t
append(char out[ADDRESS_ROOM], size_t at, const char *s, size_t most)
{
	size_t room = ADDRESS_ROOM - 1 - at, len = strnlen(s, most < room ? most : room);

	memcpy(out + at, s, len);
	out[at + len] = '\0';
	return at + len;
}

static void
set_text(char out[ADDRESS_ROOM], const char *s)
{
	append(out, 0, s, ADDRESS_ROOM - 2);
}

/* Numbers of China that belong to services: 10xxx carriers, 106… enterprises, 95/96 with more than
 * five digits, 400 and 800. */
static bool
service_of_china(const char *national)
{
	size_t len = strlen(national);

	if (starts(national, "10") && len != 10)
		return true; /* 10 digits: a Beijing landline without its 0 */
	if (starts(national, "106") || starts(national, "12"))
		return true;
	if ((starts(national, "400") || starts(national, "800")) && len == 10)
		return true;
	return (starts(national, "95") || starts(national, "96")) && len < 10;
}

static bool
mobile_of_china(const char *digits)
{
	return strlen(digits) == 11 && digits[0] == '1' && digits[1] >= '3';
}

/* country digits and a national number of a length that can be. */
static bool
has_country(const char *digits, const char *country)
{
	size_t len = strlen(digits), code = strlen(country);

	if (code == 0 || !starts(digits, country))
		return false;
	if (is_china(country))
		return mobile_of_china(digits + 2) ||
		       (digits[2] != '0' && digits[2] != '1' && (len == 12 || len == 13)) ||
		       (starts(digits + 2, "10") && len == 12) || starts(digits + 2, "106");
	return len >= code + 8 && len <= LONGEST_E164;
}

static void
set_phone(struct address *out, const char *country, const char *digits)
{
	size_t at = append(out->text, 0, "+", 1);

	at = append(out->text, at, country, 4);
	append(out->text, at, digits, 58);
}

/* A number that is written with its country: "+" and "00" are off. */
static void
set_international(const char *digits, const char *country, struct address *out)
{
	const char *national = starts(digits, country) ? digits + strlen(country) : "";

	if (is_china(country) && *national != '\0' && service_of_china(national)) {
		set_text(out->text, national);
		out->service = true;
	} else if (is_china(country) && starts(digits, "10")) {
		/* No country begins so: a carrier's code whose TON says what is not so. */
		set_text(out->text, digits);
		out->service = true;
	} else if (strlen(national) > 0 && national[0] == '0') {
		set_phone(out, country, national + 1); /* +86 0433…: a 0 too many */
	} else {
		set_phone(out, "", digits);
	}
}

/* Digits without any sign of a country. */
static void
set_digits(const char *digits, uint8_t ton, const char *country, struct address *out)
{
	size_t len = strlen(digits);

	set_text(out->text, digits);
	if (is_china(country) && mobile_of_china(digits))
		set_phone(out, country, digits);
	else if (has_country(digits, country))
		set_international(digits, country, out);
	else if (is_china(country) && service_of_china(digits))
		out->service = true;
	else if (digits[0] == '0' && len >= 9 && len <= 13)
		set_phone(out, country, digits + 1);
	else if (ton == ADDRESS_NATIONAL && len >= 8 && digits[0] != '0')
		set_phone(out, country, digits);
	else if (len >= 11 && len <= LONGEST_E164 && digits[0] != '0')
		set_phone(out, "", digits); /* too long for here: another country's */
}

void
address_read(const char *raw, uint8_t ton, const char *country, bool trust_ton, struct address *out)
{
	char s[ADDRESS_ROOM];
	const char *digits = s;

	memset(out, 0, sizeof(*out));
	compact(raw, s);
	if (*digits == '+')
		digits++;
	if (ton == ADDRESS_ALPHANUMERIC || !all_digits(digits)) {
		set_text(out->text, raw);
		out->service = true;
	} else if (strlen(digits) < SERVICE_DIGITS) {
		set_text(out->text, digits);
		out->service = true;
	} else if (digits != s) {
		set_international(digits, country, out);
	} else if (starts(digits, "00") && strlen(digits) > SERVICE_DIGITS + 2) {
		set_international(digits + 2, country, out);
	} else if (ton == ADDRESS_INTERNATIONAL && trust_ton && digits[0] != '0') {
		set_international(digits, country, out);
	} else {
		set_digits(digits, ton, country, out);
	}
}

static void
choose_ton(const char *address, bool national, struct address_wire *out)
{
	if (address[0] == '+') {
		out->ton = national ? ADDRESS_NATIONAL : ADDRESS_INTERNATIONAL;
		out->npi = ADDRESS_E164;
	} else if (!all_digits(address) && *address != '\0') {
		out->ton = ADDRESS_ALPHANUMERIC;
		out->npi = 0;
	} else if (strlen(address) < SERVICE_DIGITS) {
		out->ton = *address != '\0' ? ADDRESS_NETWORK : 0;
		out->npi = 0;
	} else {
		out->ton = 0;
		out->npi = ADDRESS_E164;
	}
}

void
address_write(const char *address, enum address_form form, const char *country, int ton, int npi,
    struct address_wire *out)
{
	const char *text = address;
	bool national = false;

	memset(out, 0, sizeof(*out));
	if (*text == '+' && form != ADDRESS_FORM_PLUS) {
		text++;
		if (form == ADDRESS_FORM_NATIONAL && starts(text, country)) {
			text += strlen(country);
			national = true;
		}
	}
	set_text(out->text, text);
	choose_ton(address, national, out);
	if (ton >= 0)
		out->ton = (uint8_t)ton;
	if (npi >= 0)
		out->npi = (uint8_t)npi;
}
