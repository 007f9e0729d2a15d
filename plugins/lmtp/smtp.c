/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of SMTP, one command at a time. */
#include "smtp.h"

#include "../common/bytes.h"
#include "settings.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER_MAX = 65536, DETAIL_MAX = 300 };

enum smtp_state {
	SMTP_CONNECTING,
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_READY,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BODY,
	SMTP_RSET,
	SMTP_GONE,
};

struct smtp {
	const struct settings *settings;
	const struct smtp_hooks *hooks;
	void *arg;
	struct bufferevent *bev;
	struct event *later; /* what must not happen inside smtp_new() */
	enum smtp_state state;
	bool smtputf8;
	char *sender, *recipient;
	struct bytes mail;
	char detail[DETAIL_MAX];
};

static void
say(struct smtp *c, enum smtp_state next, const char *line)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	c->state = next;
	evbuffer_add(out, line, strlen(line));
	evbuffer_add(out, "\r\n", 2);
}

static void
forget_mail(struct smtp *c)
{
	free(c->sender);
	free(c->recipient);
	c->sender = c->recipient = NULL;
	bytes_clear(&c->mail);
}

static void
end_mail(struct smtp *c, enum smtp_end end, const char *detail)
{
	if (c->recipient == NULL)
		return;
	forget_mail(c);
	c->hooks->ended(c->arg, c, end, detail);
}

/* hooks->gone() may free c: nothing of it is touched afterwards. */
static void
gone(struct smtp *c, const char *reason)
{
	/* Behind the last dot nobody knows; before it nothing can have been taken. */
	enum smtp_end end = c->state == SMTP_BODY ? SMTP_UNKNOWN : SMTP_LATER;
	bool idle = c->state == SMTP_READY;

	if (c->state == SMTP_GONE)
		return;
	c->state = SMTP_GONE;
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	end_mail(c, end, reason);
	c->hooks->gone(c->arg, c, idle, reason);
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* What follows a good answer in each state. False: c may be freed. */
static bool
step(struct smtp *c, const char *text)
{
	char line[700];

	switch (c->state) {
	case SMTP_GREETING:
		snprintf(line, sizeof(line), "EHLO %s", c->settings->hostname);
		say(c, SMTP_EHLO, line);
		return true;
	case SMTP_EHLO:
	case SMTP_RSET:
		c->state = SMTP_READY;
		c->hooks->ready(c->arg, c);
		return false;
	case SMTP_MAIL:
		snprintf(line, sizeof(line), "RCPT TO:<%s>", c->recipient);
		say(c, SMTP_RCPT, line);
		return true;
	case SMTP_RCPT:
		say(c, SMTP_DATA, "DATA");
		return true;
	case SMTP_DATA:
		evbuffer_add(bufferevent_get_output(c->bev), c->mail.data, c->mail.len);
		say(c, SMTP_BODY, ".");
		return true;
	case SMTP_BODY:
		c->state = SMTP_READY;
		end_mail(c, SMTP_SENT, text);
		c->hooks->ready(c->arg, c);
		return false;
	default:
		gone(c, "an answer to nothing");
		return false;
	}
}

/* False: c may be freed. */
static bool
refused(struct smtp *c, int code, const char *text)
{
	if (code == 421 || c->recipient == NULL) {
		/* a 421 behind the dot is an answer: not taken */
		if (c->state == SMTP_BODY)
			c->state = SMTP_DATA;
		gone(c, text);
		return false;
	}
	/* RSET is on its way before anybody is told; what is told may send nothing before ready()
	 */
	say(c, SMTP_RSET, "RSET");
	end_mail(c, code >= 500 ? SMTP_REFUSED : SMTP_LATER, text);
	return true;
}

/* One line of an answer. False: c may be freed. */
static bool
take_line(struct smtp *c, const char *line, size_t len)
{
	int code = 0;

	if (len < 3 || strspn(line, "0123456789") < 3) {
		gone(c, "an answer that is none of SMTP");
		return false;
	}
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (c->state == SMTP_EHLO && len > 4 && bytes_equal_nocase(line + 4, len - 4, "SMTPUTF8"))
		c->smtputf8 = true;
	if (len > 3 && line[3] == '-')
		return true;
	snprintf(c->detail, sizeof(c->detail), "%.250s", line);
	if ((code >= 200 && code < 300 && c->state != SMTP_DATA) ||
	    (code == 354 && c->state == SMTP_DATA))
		return step(c, c->detail);
	return refused(c, code, c->detail);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct smtp *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len;
	char *line;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF)) != NULL) {
		bool alive = take_line(c, line, len);
		free(line);
		if (!alive)
			return;
	}
	if (evbuffer_get_length(in) > ANSWER_MAX)
		gone(c, "an answer without end");
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct smtp *c = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) != 0)
		c->state = SMTP_GREETING;
	else if ((what & BEV_EVENT_TIMEOUT) != 0)
		gone(c, "it did not answer in time");
	else if ((what & BEV_EVENT_EOF) != 0)
		gone(c, "it closed the connection");
	else
		gone(c, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	gone(arg, "cannot connect");
}

struct smtp *
smtp_new(
    struct event_base *base, const struct settings *s, const struct smtp_hooks *hooks, void *arg)
{
	struct smtp *c = bytes_alloc(1, sizeof(*c));
	struct timeval tv = { .tv_sec = s->smtp_ms / 1000, .tv_usec = s->smtp_ms % 1000 * 1000 };
	struct sockaddr_storage address;
	int len = sizeof(address);
	char text[300];

	c->settings = s;
	c->hooks = hooks;
	c->arg = arg;
	c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	c->later = evtimer_new(base, on_later, c);
	if (c->bev == NULL || c->later == NULL)
		abort();
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_set_timeouts(c->bev, &tv, &tv);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	snprintf(text, sizeof(text),
	    strchr(s->smtp_host, ':') != NULL ? "[%.250s]:%u" : "%.250s:%u", s->smtp_host,
	    s->smtp_port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len) != 0 ||
	    bufferevent_socket_connect(c->bev, (struct sockaddr *)&address, len) != 0)
		event_active(c->later, EV_TIMEOUT, 0);
	return c;
}

void
smtp_free(struct smtp **smtp)
{
	struct smtp *c = *smtp;

	*smtp = NULL;
	if (c == NULL)
		return;
	forget_mail(c);
	event_free(c->later);
	bufferevent_free(c->bev);
	free(c);
}

void
smtp_send(struct smtp *c, const char *sender, const char *recipient, const char *mail, size_t len)
{
	bool wide = !is_ascii(sender) || !is_ascii(recipient);
	char line[700];

	c->sender = bytes_dup(sender, strlen(sender));
	c->recipient = bytes_dup(recipient, strlen(recipient));
	bytes_add(&c->mail, mail, len);
	snprintf(
	    line, sizeof(line), "MAIL FROM:<%s>%s", sender, wide && c->smtputf8 ? " SMTPUTF8" : "");
	say(c, SMTP_MAIL, line);
}

bool
smtp_is_ready(const struct smtp *c)
{
	return c->state == SMTP_READY;
}
