/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the smpp plugin and their values. */
#include "settings.h"

#include <string.h>

#define MINUTE 60000

const struct channel_option settings_channel_options[] = {
	{ "country", CHANNEL_STRING, "86", 0, 0, NULL,
	    "Country code, without +, of numbers that are written without one." },
	{ NULL, 0, NULL, 0, 0, NULL, NULL },
};

const struct channel_option settings_link_options[] = {
	{ "host", CHANNEL_STRING, NULL, 0, 0, NULL,
	    "Name or address of the SMSC; names are resolved without blocking." },
	{ "port", CHANNEL_INTEGER, "2775", 1, 65535, NULL, "TCP port of the SMSC." },
	{ "system_id", CHANNEL_STRING, NULL, 0, 0, NULL,
	    "Name that we bind with, at most 15 characters." },
	{ "password", CHANNEL_SECRET, "", 0, 0, NULL,
	    "Password that we bind with; the specification allows 8 characters, 32 are sent." },
	{ "system_type", CHANNEL_STRING, "", 0, 0, NULL,
	    "System type of the bind, at most 12 characters; most SMSCs want it empty." },
	{ "bind", CHANNEL_CHOICE, "auto", 0, 0, "auto|transceiver|pair|transmitter|receiver",
	    "Kind of session; auto is transceiver, and pair when the SMSC does not know that." },
	{ "interface_version", CHANNEL_CHOICE, "3.4", 0, 0, "3.3|3.4|5.0",
	    "Version that we claim in the bind." },
	{ "address_range", CHANNEL_STRING, "", 0, 0, NULL,
	    "Addresses of ours that the SMSC shall route here, in its own notation." },
	{ "address_ton", CHANNEL_INTEGER, "0", 0, 255, NULL, "TON of address_range." },
	{ "address_npi", CHANNEL_INTEGER, "0", 0, 255, NULL, "NPI of address_range." },
	{ "tls", CHANNEL_CHOICE, "off", 0, 0, "off|verify|encrypt",
	    "TLS: verify checks certificate and name, encrypt checks nothing." },
	{ "tls_ca", CHANNEL_PATH, "", 0, 0, NULL,
	    "File of CA certificates for tls = verify; empty: those of the system." },
	{ "tls_name", CHANNEL_STRING, "", 0, 0, NULL,
	    "Name that must be in the certificate; empty: host." },
	{ "coding", CHANNEL_CHOICE, "gsm7", 0, 0, "gsm7|gsm7-packed|latin1|ascii|utf8",
	    "What the SMSC means by data_coding 0." },
	{ "guess", CHANNEL_BOOLEAN, "yes", 0, 0, NULL,
	    "Try other charsets when a text does not fit its declared one, and flag it." },
	{ "trust_ton", CHANNEL_BOOLEAN, "yes", 0, 0, NULL,
	    "Believe a TON of 1 (international) of a sender; no for an SMSC that always sends 1." },
	{ "send_coding", CHANNEL_CHOICE, "auto", 0, 0, "auto|ucs2",
	    "auto sends GSM 7-bit where the text is in it and coding is gsm7, else UCS2." },
	{ "long_messages", CHANNEL_CHOICE, "udh8", 0, 0, "udh8|udh16|sar|payload",
	    "How texts longer than one part are sent." },
	{ "source", CHANNEL_STRING, "", 0, 0, NULL,
	    "Address that we send from when the person did not write to one." },
	{ "source_ton", CHANNEL_INTEGER, "-1", -1, 255, NULL,
	    "TON of the address that we send from; -1: by its form." },
	{ "source_npi", CHANNEL_INTEGER, "-1", -1, 255, NULL,
	    "NPI of the address that we send from; -1: by its form." },
	{ "destination_form", CHANNEL_CHOICE, "international", 0, 0, "international|plus|national",
	    "How a phone is written: 8613812345678, +8613812345678 or 13812345678." },
	{ "destination_ton", CHANNEL_INTEGER, "-1", -1, 255, NULL,
	    "TON of the phone that we send to; -1: by its form." },
	{ "destination_npi", CHANNEL_INTEGER, "-1", -1, 255, NULL,
	    "NPI of the phone that we send to; -1: by its form." },
	{ "service_type", CHANNEL_STRING, "", 0, 0, NULL,
	    "Service type of what we send, at most 5 characters." },
	{ "registered_delivery", CHANNEL_INTEGER, "1", 0, 2, NULL,
	    "Receipts: 0 none, 1 for success and failure, 2 for failure only." },
	{ "submit_window", CHANNEL_INTEGER, "10", 1, 1000, NULL,
	    "Parts that may wait for the SMSC's answer at once." },
	{ "throttle_delay", CHANNEL_DURATION, "1s", 10, 10 * MINUTE, NULL,
	    "First wait after the SMSC says throttled or queue full; it doubles up to "
	    "thirtyfold." },
	{ "retry_delay", CHANNEL_DURATION, "10s", 10, 60 * MINUTE, NULL,
	    "Wait before a part that was refused for now is sent again; three of them for the "
	    "message." },
	{ "unacknowledged", CHANNEL_INTEGER, "1000", 1, 100000, NULL,
	    "Messages of the SMSC that may wait for ours; those above are told to come later." },
	{ "connect_timeout", CHANNEL_DURATION, "30s", 100, 10 * MINUTE, NULL,
	    "Time for a connection to come about, TLS included." },
	{ "response_timeout", CHANNEL_DURATION, "10s", 100, 10 * MINUTE, NULL,
	    "Time for an answer, for a begun PDU to be complete, and for a full pipe to drain." },
	{ "enquire_interval", CHANNEL_DURATION, "30s", 100, 60 * MINUTE, NULL,
	    "Time without an answer of the SMSC after which we ask whether it is there." },
	{ "inactivity", CHANNEL_DURATION, "0s", 0, 24 * 60 * MINUTE, NULL,
	    "Time without any message after which the session is renewed; 0s: never." },
	{ "reconnect_min", CHANNEL_DURATION, "1s", 10, 60 * MINUTE, NULL,
	    "First wait before connecting anew; it doubles each time, with some jitter." },
	{ "reconnect_max", CHANNEL_DURATION, "60s", 10, 60 * MINUTE, NULL,
	    "Longest wait before connecting anew; this never ends." },
	{ "drain_timeout", CHANNEL_DURATION, "5s", 0, 10 * MINUTE, NULL,
	    "Time at a stop for outstanding answers of either side before we unbind." },
	{ "hold", CHANNEL_DURATION, "2s", 0, MINUTE, NULL,
	    "Time that messages are held when our queue is full before they are told to come "
	    "later." },
	{ NULL, 0, NULL, 0, 0, NULL, NULL },
};

static void
read_peer(const struct channel *c, const struct channel_link *l, struct settings *out)
{
	static const uint8_t versions[] = { 0x33, 0x34, 0x50 };

	out->host = channel_get_string(c, l, "host");
	out->port = (uint16_t)channel_get_integer(c, l, "port");
	out->tls = (enum settings_tls)channel_get_integer(c, l, "tls");
	out->tls_ca = channel_get_string(c, l, "tls_ca");
	out->tls_name = channel_get_string(c, l, "tls_name");
	out->system_id = channel_get_string(c, l, "system_id");
	out->password = channel_get_string(c, l, "password");
	out->system_type = channel_get_string(c, l, "system_type");
	out->address_range = channel_get_string(c, l, "address_range");
	out->address_ton = (uint8_t)channel_get_integer(c, l, "address_ton");
	out->address_npi = (uint8_t)channel_get_integer(c, l, "address_npi");
	out->bind = (enum settings_bind)channel_get_integer(c, l, "bind");
	out->interface_version = versions[channel_get_integer(c, l, "interface_version")];
}

static void
read_texts(const struct channel *c, const struct channel_link *l, struct settings *out)
{
	out->country = channel_get_string(c, NULL, "country");
	out->trust_ton = channel_get_boolean(c, l, "trust_ton");
	out->coding = (enum coding_zero)channel_get_integer(c, l, "coding");
	out->guess = channel_get_boolean(c, l, "guess");
	out->send_coding = (enum settings_send_coding)channel_get_integer(c, l, "send_coding");
	out->long_messages = (enum settings_long)channel_get_integer(c, l, "long_messages");
	out->source = channel_get_string(c, l, "source");
	out->source_ton = (int)channel_get_integer(c, l, "source_ton");
	out->source_npi = (int)channel_get_integer(c, l, "source_npi");
	out->destination_form = (enum address_form)channel_get_integer(c, l, "destination_form");
	out->destination_ton = (int)channel_get_integer(c, l, "destination_ton");
	out->destination_npi = (int)channel_get_integer(c, l, "destination_npi");
	out->service_type = channel_get_string(c, l, "service_type");
	out->registered_delivery = (uint8_t)channel_get_integer(c, l, "registered_delivery");
}

void
settings_read(const struct channel *c, const struct channel_link *l, struct settings *out)
{
	memset(out, 0, sizeof(*out));
	read_peer(c, l, out);
	read_texts(c, l, out);
	out->window = (size_t)channel_get_integer(c, l, "submit_window");
	out->unacknowledged = (size_t)channel_get_integer(c, l, "unacknowledged");
	out->throttle_ms = channel_get_integer(c, l, "throttle_delay");
	out->retry_ms = channel_get_integer(c, l, "retry_delay");
	out->connect_ms = channel_get_integer(c, l, "connect_timeout");
	out->response_ms = channel_get_integer(c, l, "response_timeout");
	out->enquire_ms = channel_get_integer(c, l, "enquire_interval");
	out->inactivity_ms = channel_get_integer(c, l, "inactivity");
	out->reconnect_min_ms = channel_get_integer(c, l, "reconnect_min");
	out->reconnect_max_ms = channel_get_integer(c, l, "reconnect_max");
	out->drain_ms = channel_get_integer(c, l, "drain_timeout");
	out->hold_ms = channel_get_integer(c, l, "hold");
}

/* Printable ASCII of at most longest characters. */
static bool
check_name(const struct channel *c, const struct channel_link *l, const char *name, size_t longest,
    struct channel_error *error)
{
	const char *value = channel_get_string(c, l, name);

	if (strlen(value) > longest)
		return channel_fail(error, "link %s: %s has %zu characters; SMPP has room for %zu",
		    channel_link_name(l), name, strlen(value), longest);
	for (const char *p = value; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			return channel_fail(error,
			    "link %s: %s has a character that is not printable ASCII",
			    channel_link_name(l), name);
	return true;
}

static bool
check_names(const struct channel *c, const struct channel_link *l, struct channel_error *error)
{
	static const struct {
		const char *name;
		size_t longest;
	} names[] = { { "host", 253 }, { "system_id", 15 }, { "password", 32 },
		{ "system_type", 12 }, { "address_range", 40 }, { "source", 20 },
		{ "service_type", 5 }, { "tls_name", 253 } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!check_name(c, l, names[i].name, names[i].longest, error))
			return false;
	return true;
}

bool
settings_check(const struct channel *c, const struct channel_link *l, struct channel_error *error)
{
	struct settings s;

	if (!check_names(c, l, error))
		return false;
	settings_read(c, l, &s);
	if (s.host[0] == '\0' || s.system_id[0] == '\0')
		return channel_fail(
		    error, "link %s: host and system_id must be given", channel_link_name(l));
	if (strspn(s.country, "0123456789") != strlen(s.country) || s.country[0] == '\0' ||
	    s.country[0] == '0' || strlen(s.country) > 3)
		return channel_fail(error,
		    "country is \"%.20s\"; expected a country code of one to three digits, as 86",
		    s.country);
	if (s.reconnect_min_ms > s.reconnect_max_ms)
		return channel_fail(error, "link %s: reconnect_min is longer than reconnect_max",
		    channel_link_name(l));
	if (s.tls == TLS_OFF && (s.tls_ca[0] != '\0' || s.tls_name[0] != '\0'))
		return channel_fail(error,
		    "link %s: tls_ca and tls_name mean nothing with tls = off; set tls = verify",
		    channel_link_name(l));
	return true;
}
