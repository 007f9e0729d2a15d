/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the lmtp plugin and their values. */
#include "settings.h"

#include "address.h"
#include "listen.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE 60000
#define DAY (INT64_C(24) * 60 * MINUTE)
#define MEBIBYTE (1 << 20)

const struct channel_option settings_options[] = {
	{ "listen", CHANNEL_STRING, "inet:127.0.0.1:2424", 0, 0, NULL,
	    "Where the MTA delivers: inet:ADDRESS:PORT on the loopback, or unix:PATH." },
	{ "domain", CHANNEL_STRING, NULL, 0, 0, NULL,
	    "The domains whose mail is taken, separated by commas." },
	{ "address", CHANNEL_STRING, NULL, 0, 0, NULL,
	    "The address that residents write to, and that the town answers from." },
	{ "secret", CHANNEL_SECRET, "", 0, 0, NULL,
	    "What the addresses of cases are made unguessable with; empty: cases have no "
	    "addresses." },
	{ "hostname", CHANNEL_STRING, "", 0, 0, NULL,
	    "The name that we tell MTAs; empty: the first domain." },
	{ "authserv_id", CHANNEL_STRING, "", 0, 0, NULL,
	    "The name under which our MTA writes Authentication-Results; empty: no sender is "
	    "proven." },
	{ "size", CHANNEL_INTEGER, "27262976", 65536, 32 * MEBIBYTE, NULL,
	    "Bytes of a mail at most; what is larger is refused for good." },
	{ "line", CHANNEL_INTEGER, "2048", 512, 65536, NULL, "Bytes of a command line at most." },
	{ "recipients", CHANNEL_INTEGER, "100", 1, 1000, NULL,
	    "Recipients of a mail at most; for those above the MTA comes again." },
	{ "sessions", CHANNEL_INTEGER, "50", 1, 1000, NULL,
	    "Connections at once; those above are told to come later." },
	{ "memory", CHANNEL_INTEGER, "134217728", 1 * MEBIBYTE, INT64_C(16) << 30, NULL,
	    "Bytes of all mails that are being received at once; those above come later." },
	{ "spool", CHANNEL_PATH, "/var/tmp", 0, 0, NULL,
	    "Folder for mails that are too large to be held in memory; what lies there has no "
	    "name." },
	{ "command_timeout", CHANNEL_DURATION, "5min", 100, 60 * MINUTE, NULL,
	    "Time for a whole command line to come." },
	{ "data_timeout", CHANNEL_DURATION, "10min", 100, 60 * MINUTE, NULL,
	    "Time for a whole mail to come." },
	{ "resend_window", CHANNEL_DURATION, "144h", 60000, 60 * DAY, NULL,
	    "How long the same mail is known for a resend; longer than the MTA keeps it." },
	{ "header", CHANNEL_INTEGER, "262144", 1024, 4 * MEBIBYTE, NULL,
	    "Bytes of a mail's header at most." },
	{ "parts", CHANNEL_INTEGER, "200", 1, 1000, NULL, "Parts of a mail at most." },
	{ "depth", CHANNEL_INTEGER, "20", 1, 100, NULL, "How deep parts may be nested." },
	{ "smtp_host", CHANNEL_STRING, "127.0.0.1", 0, 0, NULL,
	    "Address of the MTA that what we write is given to; empty: nothing is sent." },
	{ "smtp_port", CHANNEL_INTEGER, "25", 1, 65535, NULL, "TCP port of that MTA." },
	{ "smtp_connections", CHANNEL_INTEGER, "2", 1, 50, NULL,
	    "Connections to that MTA at once." },
	{ "smtp_timeout", CHANNEL_DURATION, "2min", 100, 60 * MINUTE, NULL,
	    "Time for an answer of that MTA." },
	{ "retry_delay", CHANNEL_DURATION, "5min", 10, DAY, NULL,
	    "Wait before a mail that was refused for now is sent again." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

static size_t
size_of(const struct channel *c, const char *name)
{
	return (size_t)channel_get_integer(c, NULL, name);
}

void
settings_read(const struct channel *c, struct settings *out)
{
	*out = (struct settings){
		.listen = channel_get_string(c, NULL, "listen"),
		.domain = channel_get_string(c, NULL, "domain"),
		.address = channel_get_string(c, NULL, "address"),
		.secret = channel_get_string(c, NULL, "secret"),
		.hostname = channel_get_string(c, NULL, "hostname"),
		.authserv_id = channel_get_string(c, NULL, "authserv_id"),
		.size = size_of(c, "size"),
		.line = size_of(c, "line"),
		.recipients = size_of(c, "recipients"),
		.connections = size_of(c, "sessions"),
		.memory = size_of(c, "memory"),
		.spool = channel_get_string(c, NULL, "spool"),
		.command_ms = channel_get_integer(c, NULL, "command_timeout"),
		.data_ms = channel_get_integer(c, NULL, "data_timeout"),
		.resend_s = (int32_t)(channel_get_integer(c, NULL, "resend_window") / 1000),
		.limits = { .header = size_of(c, "header"),
		    .parts = size_of(c, "parts"),
		    .depth = size_of(c, "depth"),
		    .text = 65000 },
		.smtp_host = channel_get_string(c, NULL, "smtp_host"),
		.smtp_port = (uint16_t)channel_get_integer(c, NULL, "smtp_port"),
		.smtp_connections = size_of(c, "smtp_connections"),
		.smtp_ms = channel_get_integer(c, NULL, "smtp_timeout"),
		.retry_ms = channel_get_integer(c, NULL, "retry_delay"),
	};
	if (out->hostname[0] == '\0')
		out->hostname = address_domain(out->address);
}

static bool
is_host(const char *s, size_t len)
{
	return len > 0 && len < 254 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") >= len;
}

static bool
check_domains(const char *domains, struct channel_error *error)
{
	const char *at = domains + strspn(domains, ", \t");

	if (*at == '\0')
		return channel_fail(
		    error, "domain is empty; name the domain that the MTA hands over");
	for (; *at != '\0'; at += strspn(at, ", \t")) {
		size_t len = strcspn(at, ", \t");
		if (!is_host(at, len))
			return channel_fail(error, "domain: \"%.*s\" is no name of a domain",
			    (int)(len < 80 ? len : 80), at);
		at += len;
	}
	return true;
}

bool
settings_check(struct channel *c, struct channel_error *error)
{
	struct settings s;
	char *normal;

	settings_read(c, &s);
	normal = address_normal(s.address, strlen(s.address));
	if (normal == NULL)
		return channel_fail(
		    error, "address is \"%.80s\"; expected one as report@example.net", s.address);
	free(normal);
	if (!check_domains(s.domain, error) || !listen_check(s.listen, error))
		return false;
	if (!is_host(s.hostname, strlen(s.hostname)))
		return channel_fail(
		    error, "hostname is \"%.80s\"; expected a name as mx.example.net", s.hostname);
	if (s.secret[0] != '\0' && !address_in_domains(s.domain, address_domain(s.address)))
		return channel_fail(error, "the domain of address is none of domain, so answers to "
					   "cases would not come here; "
					   "add it to domain, or leave secret empty");
	if (s.secret[0] != '\0' && strlen(s.secret) < 16)
		return channel_fail(error,
		    "secret is shorter than 16 characters; make one with: openssl rand -hex 16");
	if (s.memory < s.size)
		return channel_fail(
		    error, "memory is less than size: no mail of that size could come");
	return true;
}
