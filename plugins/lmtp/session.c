/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection of the MTA: commands, the mail, and an answer for each recipient, in their order,
 * when the database has answered for them (RFC 2033, 4.2). While it has not, nothing more is read.
 */
#include "session.h"

#include "address.h"
#include "../common/bytes.h"
#include "channel/channel.h"
#include "command.h"
#include "dots.h"
#include "mail.h"
#include "mime.h"
#include "report.h"
#include "settings.h"
#include "spool.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OUTPUT_MAX = 65536, /* answers that the peer does not read */
	INPUT_MAX = 262144,
	DECLARED_MAX = 524288, /* room made beforehand */
	FAULTS_MAX = 50,       /* wrong commands before we hang up */
	GOODBYE_MS = 5000,
};

enum session_state {
	SESSION_COMMANDS,
	SESSION_DATA,
	SESSION_DELIVERING,
	SESSION_CLOSING, /* what was said goes out, then the end */
	SESSION_GONE,
};

struct recipient {
	struct session *session;
	char *address;
	int64_t number;                     /* of the case that the address proves; 0 none */
	int64_t bounce;                     /* the message that it says came back; 0 none */
	struct channel_submission *pending; /* NULL: none or ended */
	char answer[200];                   /* "" not yet */
};

struct session {
	struct sessions *all;
	struct bufferevent *bev;
	struct event *deadline;
	enum session_state state;
	bool greeted, skipping; /* the rest of a line that was too long */
	unsigned faults;

	char *sender; /* NULL: no transaction; "" the null sender */
	bool smtputf8;
	int64_t declared; /* SIZE=, or -1 */
	struct recipient *recipients;
	size_t recipient_count, answered;

	struct dots dots;
	struct spool spool;
	size_t counted; /* of the spool, in all->memory */
	bool too_long, no_memory;

	struct mail mail;                   /* while what it says of a message of ours is noted, */
	struct channel_submission *receipt; /* which is then not NULL */
};

static void process(struct session *s);

/* ---- small things --------------------------------------------------------------------------- */

static void
reply(struct session *s, const char *fmt, ...)
{
	struct evbuffer *out = bufferevent_get_output(s->bev);
	va_list ap;

	va_start(ap, fmt);
	evbuffer_add_vprintf(out, fmt, ap);
	va_end(ap);
	evbuffer_add(out, "\r\n", 2);
}

static void
set_deadline(struct session *s, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (ms > 0)
		event_add(s->deadline, &tv);
	else
		event_del(s->deadline);
}

static void
close_soon(struct session *s)
{
	if (s->state >= SESSION_CLOSING)
		return;
	s->state = SESSION_CLOSING;
	bufferevent_disable(s->bev, EV_READ);
	set_deadline(s, GOODBYE_MS);
	if (evbuffer_get_length(bufferevent_get_output(s->bev)) == 0)
		s->state = SESSION_GONE;
}

static void
fault(struct session *s, const char *answer)
{
	reply(s, "%s", answer);
	channel_count(s->all->channel, "faults", 1);
	if (++s->faults > FAULTS_MAX) {
		reply(s, "421 4.7.0 too many wrong commands");
		close_soon(s);
	}
}

static void
count_memory(struct session *s)
{
	size_t now = s->spool.written + s->spool.head.room;

	s->all->memory = s->all->memory - s->counted + now;
	s->counted = now;
}

static void
drop_data(struct session *s)
{
	spool_clear(&s->spool);
	count_memory(s);
}

static void
reset(struct session *s)
{
	for (size_t i = 0; i < s->recipient_count; i++) {
		if (s->recipients[i].pending != NULL)
			channel_submission_cancel(s->recipients[i].pending);
		free(s->recipients[i].address);
	}
	free(s->recipients);
	s->recipients = NULL;
	s->recipient_count = s->answered = 0;
	free(s->sender);
	s->sender = NULL;
	s->declared = -1;
	s->dots = (struct dots){ 0 };
	s->too_long = s->no_memory = false;
	if (s->receipt != NULL)
		channel_submission_cancel(s->receipt);
	s->receipt = NULL;
	mail_clear(&s->mail);
	drop_data(s);
}

void
session_free(struct session **session)
{
	struct session *s = *session;

	*session = NULL;
	if (s == NULL)
		return;
	reset(s);
	event_free(s->deadline);
	bufferevent_free(s->bev);
	free(s);
}

/* At the end of each event; nothing of s is touched afterwards. */
static void
end_if_gone(struct session *s)
{
	if (s->state != SESSION_GONE)
		return;
	s->all->ended(s->all->arg, s);
	session_free(&s);
}

/* ---- commands ------------------------------------------------------------------------------- */

static void
on_lhlo(struct session *s)
{
	const struct settings *set = s->all->settings;

	reset(s);
	s->greeted = true;
	reply(s,
	    "250-%s\r\n250-PIPELINING\r\n250-SIZE %zu\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	    "250 ENHANCEDSTATUSCODES",
	    set->hostname, set->size);
}

static bool
is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

static void
on_mail(struct session *s, const struct command *c)
{
	const struct settings *set = s->all->settings;

	if (s->sender != NULL) {
		fault(s, "503 5.5.1 there is a sender already");
	} else if (s->all->stopping) {
		reply(s, "421 4.3.2 going down");
		close_soon(s);
	} else if (c->size > (int64_t)set->size) {
		reply(s, "552 5.3.4 larger than %zu bytes", set->size);
	} else if (!channel_may_submit(s->all->channel)) {
		channel_count(s->all->channel, "later", 1);
		reply(s, "451 4.3.2 nothing can be stored now, come again");
	} else if (c->size > 0 && s->all->memory + (size_t)c->size > set->memory) {
		channel_count(s->all->channel, "later", 1);
		reply(s, "452 4.3.1 too much is being received, come again");
	} else if (!c->smtputf8 && !is_ascii(c->path, c->path_len)) {
		fault(s, "553 5.6.7 an address of other letters than ASCII needs SMTPUTF8");
	} else {
		s->sender =
		    c->path_len == 0 ? bytes_dup("", 0) : address_normal(c->path, c->path_len);
		if (s->sender == NULL) {
			fault(s, "553 5.1.7 the sender is no address");
			return;
		}
		s->smtputf8 = c->smtputf8;
		s->declared = c->size;
		reply(s, "250 2.1.0 ok");
	}
}

static void
add_recipient(struct session *s, char *address, enum address_kind kind, int64_t number)
{
	/* recipients do not move: submissions point at them, but only after the last one has come
	 */
	s->recipients = realloc(s->recipients, (s->recipient_count + 1) * sizeof(*s->recipients));
	if (s->recipients == NULL)
		abort();
	s->recipients[s->recipient_count++] = (struct recipient){ .session = s,
		.address = address,
		.number = kind == ADDRESS_CASE ? number : 0,
		.bounce = kind == ADDRESS_BOUNCE ? number : 0 };
	reply(s, "250 2.1.5 ok");
}

static void
on_rcpt(struct session *s, const struct command *c)
{
	const struct settings *set = s->all->settings;
	char *address;
	enum address_kind kind;
	int64_t number;

	if (s->sender == NULL) {
		fault(s, "503 5.5.1 say MAIL first");
		return;
	}
	if (s->recipient_count >= set->recipients) {
		reply(s, "452 4.5.3 too many recipients, the others later");
		return;
	}
	address = address_normal(c->path, c->path_len);
	if (address == NULL || (!s->smtputf8 && !is_ascii(address, strlen(address)))) {
		fault(s, "553 5.1.3 the recipient is no address");
	} else if (!address_in_domains(set->domain, address_domain(address))) {
		reply(s, "550 5.1.2 not a domain of ours");
	} else if ((kind = address_kind(address, set->secret, &number)) == ADDRESS_FORGED) {
		reply(s, "550 5.1.1 there is no such address of a case");
	} else {
		add_recipient(s, address, kind, number);
		return;
	}
	free(address);
}

static void
on_data(struct session *s)
{
	if (s->sender == NULL || s->recipient_count == 0) {
		fault(s, s->sender == NULL ? "503 5.5.1 say MAIL first"
					   : "503 5.5.1 there is no recipient");
		return;
	}
	if (s->declared > 0 && s->declared < DECLARED_MAX) {
		bytes_reserve(&s->spool.head, (size_t)s->declared + 4096);
		count_memory(s);
	}
	s->state = SESSION_DATA;
	set_deadline(s, s->all->settings->data_ms);
	reply(s, "354 send it, and end it with a dot");
}

static void
dispatch(struct session *s, const struct command *c)
{
	if (c->fault != NULL) {
		fault(s, c->fault);
		return;
	}
	if (!s->greeted &&
	    (c->verb == COMMAND_MAIL || c->verb == COMMAND_RCPT || c->verb == COMMAND_DATA)) {
		fault(s, "503 5.5.1 say LHLO first");
		return;
	}
	switch (c->verb) {
	case COMMAND_LHLO:
		on_lhlo(s);
		break;
	case COMMAND_HELLO:
		fault(s, "500 5.5.1 this is LMTP: say LHLO");
		break;
	case COMMAND_MAIL:
		on_mail(s, c);
		break;
	case COMMAND_RCPT:
		on_rcpt(s, c);
		break;
	case COMMAND_DATA:
		on_data(s);
		break;
	case COMMAND_RSET:
		reset(s);
		reply(s, "250 2.0.0 ok");
		break;
	case COMMAND_NOOP:
		reply(s, "250 2.0.0 ok");
		break;
	case COMMAND_VRFY:
		reply(s, "252 2.1.5 send it and see");
		break;
	case COMMAND_QUIT:
		reply(s, "221 2.0.0 good-bye");
		close_soon(s);
		break;
	case COMMAND_UNKNOWN:
		fault(s, "500 5.5.1 command not known");
		break;
	}
}

/* A line out of the input. False: there is no whole one yet. */
static bool
take_line(struct session *s)
{
	struct evbuffer *in = bufferevent_get_input(s->bev);
	size_t longest = s->all->settings->line, len;
	struct command c;
	char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);

	if (line == NULL) {
		if (evbuffer_get_length(in) > longest) {
			evbuffer_drain(in, evbuffer_get_length(in));
			s->skipping = true;
		}
		return false;
	}
	set_deadline(s, s->all->settings->command_ms);
	if (s->skipping || len > longest) {
		s->skipping = false;
		fault(s, "500 5.5.2 the line is too long");
	} else {
		command_parse(line, len, &c);
		dispatch(s, &c);
	}
	free(line);
	return true;
}

/* ---- the mail ------------------------------------------------------------------------------- */

/* Answers go out in the order of the recipients. */
static void
say_answers(struct session *s)
{
	while (s->answered < s->recipient_count && s->recipients[s->answered].answer[0] != '\0')
		reply(s, "%s", s->recipients[s->answered++].answer);
	if (s->answered < s->recipient_count)
		return;
	reset(s);
	s->state = SESSION_COMMANDS;
	set_deadline(s, s->all->settings->command_ms);
	bufferevent_enable(s->bev, EV_READ);
}

static void
set_answer(struct recipient *r, const char *code, const char *words)
{
	snprintf(r->answer, sizeof(r->answer), "%s %s", code, words);
	for (char *p = r->answer; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
}

static void
on_done(void *arg, enum channel_outcome outcome, const char *reason)
{
	static const char *const codes[] = {
		[CHANNEL_STORED] = "250 2.0.0",
		[CHANNEL_DUPLICATE] = "250 2.0.0",
		[CHANNEL_REFUSED] = "550 5.6.0",
		[CHANNEL_LATER] = "451 4.3.0",
	};
	struct recipient *r = arg;
	struct session *s = r->session;

	r->pending = NULL;
	set_answer(r, codes[outcome],
	    outcome == CHANNEL_STORED      ? "stored"
	    : outcome == CHANNEL_DUPLICATE ? "it is here already"
					   : reason);
	say_answers(s);
	process(s);
	end_if_gone(s);
}

static void
answer_all(struct session *s, const char *code, const char *words)
{
	for (size_t i = 0; i < s->recipient_count; i++)
		set_answer(&s->recipients[i], code, words);
	say_answers(s);
}

static void
submit(struct session *s, const struct mail *m)
{
	const struct channel_spool lent = { .fd = s->spool.fd };
	struct bytes text = { 0 };

	for (size_t i = 0; i < s->recipient_count; i++) {
		struct recipient *r = &s->recipients[i];
		struct report report;

		report_make(&report, s->all->settings, s->sender, r->address, r->number,
		    spool_bytes(&s->spool), spool_length(&s->spool), m, &text);
		report.report.spool = lent.fd > 0 ? &lent : NULL;
		r->pending = channel_submit(s->all->channel, &report.report, on_done, r);
		report_clear(&report);
	}
	bytes_clear(&text);
}

static void
submit_all(struct session *s)
{
	submit(s, &s->mail);
	mail_clear(&s->mail);
	drop_data(s);
}

/* The mail comes again when that could not be noted. */
static void
on_receipt(void *arg, enum channel_outcome outcome, const char *reason)
{
	struct session *s = arg;

	s->receipt = NULL;
	if (outcome == CHANNEL_LATER) {
		mail_clear(&s->mail);
		answer_all(s, "451 4.3.0", reason);
		process(s);
		end_if_gone(s);
		return;
	}
	submit_all(s);
}

/* The message of ours that the mail says has failed; 0 none. Only what was sent with a secret can
 * prove that it is about it. */
static int64_t
failed_message(const struct session *s)
{
	const struct settings *set = s->all->settings;
	const struct mail *m = &s->mail;

	if (!m->bounce || m->said.action != BOUNCE_FAILED || set->secret[0] == '\0')
		return 0;
	for (size_t i = 0; i < s->recipient_count; i++)
		if (s->recipients[i].bounce != 0)
			return s->recipients[i].bounce;
	return bounce_message(m->returned, strlen(m->returned), set->secret);
}

/* What is said of a message of ours is noted before the mail is taken. */
static void
take(struct session *s)
{
	int64_t id = failed_message(s);
	const struct bounce *said = &s->mail.said;
	char peer_id[32], detail[sizeof(said->status) + sizeof(said->detail) + 1];

	bufferevent_disable(s->bev, EV_READ);
	if (id == 0) {
		submit_all(s);
		return;
	}
	channel_count(s->all->channel, "bounces", 1);
	snprintf(peer_id, sizeof(peer_id), "mail.%" PRId64, id);
	snprintf(detail, sizeof(detail), "%s%s%s", said->status, said->detail[0] != '\0' ? " " : "",
	    said->detail);
	s->receipt = channel_receipt(
	    s->all->channel, NULL, peer_id, CHANNEL_RECEIPT_FAILED, detail, on_receipt, s);
}

static void
deliver(struct session *s)
{
	struct mime_spool files = { s->spool.fd, (int64_t)spool_length(&s->spool) };
	const char *why;

	s->state = SESSION_DELIVERING;
	set_deadline(s, 0);
	channel_count(s->all->channel, "mails", 1);
	if (s->too_long) {
		answer_all(s, "552 5.3.4", "the mail is too large");
	} else if (s->no_memory) {
		answer_all(s, "452 4.3.1", "too much is being received, come again");
	} else if (!mime_read(spool_bytes(&s->spool), spool_length(&s->spool),
		       &s->all->settings->limits, files.fd > 0 ? &files : NULL, &s->mail, &why)) {
		channel_count(s->all->channel, why == mime_no_room ? "later" : "refused", 1);
		answer_all(s, why == mime_no_room ? "452 4.3.1" : "550 5.6.0", why);
	} else {
		take(s);
	}
}

/* What has come is in memory or in the spool; or there is no room, and the rest is read and
 * forgotten. */
static void
keep_data(struct session *s)
{
	bool ok = spool_settle(&s->spool, s->all->settings->spool) &&
		  (!s->dots.ended || spool_end(&s->spool));

	count_memory(s);
	if (!ok)
		channel_log(s->all->channel, CHANNEL_LOG_ERROR, "spool %s: %s; mails come later",
		    s->all->settings->spool, strerror(errno));
	if (!s->too_long && !s->no_memory && (!ok || s->all->memory > s->all->settings->memory)) {
		s->no_memory = true;
		channel_count(s->all->channel, "later", 1);
	}
	if ((s->too_long || s->no_memory) && s->counted > 0)
		drop_data(s);
}

/* Bytes of the mail out of the input. False: there are no more yet. */
static bool
take_data(struct session *s)
{
	struct evbuffer *in = bufferevent_get_input(s->bev);
	struct evbuffer_iovec piece;
	size_t limit = s->all->settings->size, taken;

	if (evbuffer_peek(in, -1, NULL, &piece, 1) < 1)
		return false;
	limit = s->no_memory ? 0 : limit - s->spool.written;
	taken =
	    dots_feed(&s->dots, piece.iov_base, piece.iov_len, limit, &s->spool.head, &s->too_long);
	evbuffer_drain(in, taken);
	keep_data(s);
	if (s->dots.ended) {
		if (s->no_memory)
			s->too_long = false;
		deliver(s);
	}
	return true;
}

/* ---- events --------------------------------------------------------------------------------- */

/* Does all that can be done with what has come. */
static void
process(struct session *s)
{
	for (;;) {
		bool more = false;

		if (s->state == SESSION_DATA) {
			more = take_data(s);
		} else if (s->state == SESSION_COMMANDS) {
			if (evbuffer_get_length(bufferevent_get_output(s->bev)) > OUTPUT_MAX) {
				bufferevent_disable(s->bev, EV_READ);
				return;
			}
			more = take_line(s);
		}
		if (!more)
			break;
	}
	if (s->all->stopping && s->state == SESSION_COMMANDS && s->sender == NULL) {
		reply(s, "421 4.3.2 going down");
		close_soon(s);
	}
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;

	(void)bev;
	process(s);
	end_if_gone(s);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_CLOSING) {
		s->state = SESSION_GONE;
	} else if (s->state == SESSION_COMMANDS && (bufferevent_get_enabled(bev) & EV_READ) == 0) {
		bufferevent_enable(bev, EV_READ);
		process(s);
	}
	end_if_gone(s);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct session *s = arg;

	(void)bev;
	(void)what;
	s->state = SESSION_GONE; /* closed, or an error of the socket */
	end_if_gone(s);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)what;
	if (s->state == SESSION_CLOSING) {
		s->state = SESSION_GONE;
	} else {
		channel_count(s->all->channel, "timeouts", 1);
		reply(s, "421 4.4.2 too slow");
		close_soon(s);
	}
	end_if_gone(s);
}

struct session *
session_new(struct sessions *all, int fd)
{
	struct session *s = bytes_alloc(1, sizeof(*s));
	struct event_base *base = channel_loop(all->channel);

	s->all = all;
	s->declared = -1;
	s->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	s->deadline = evtimer_new(base, on_deadline, s);
	if (s->bev == NULL || s->deadline == NULL)
		abort();
	bufferevent_setcb(s->bev, on_read, on_written, on_event, s);
	bufferevent_setwatermark(s->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	set_deadline(s, all->settings->command_ms);
	reply(s, "220 %s LMTP", all->settings->hostname);
	return s;
}

void
session_stop(struct session *s)
{
	process(s);
	end_if_gone(s);
}
