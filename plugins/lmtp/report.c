/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mail is to the clerk. */
#include "report.h"

#include "address.h"
#include "auth.h"
#include "mail.h"
#include "settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const answers[] = { "re:", "re：", "回复:", "回复：", "答复:", "答复：",
	"回覆:", "回覆：", "답장:", "답장：", "회신:", "회신：", "aw:", "sv:" };
static const char *const forwards[] = { "fw:", "fwd:", "转发:", "转发：",
	"轉寄:", "전달:", "전달：" };

/* Behind all prefixes of the list; *found tells whether there was one. */
static const char *
skip_prefixes(const char *s, const char *const *list, size_t count, bool *found)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(list[i]);
		while (*s == ' ')
			s++;
		if (strlen(s) >= n && bytes_equal_nocase(s, n, list[i])) {
			s += n;
			*found = true;
			i = (size_t)-1;
		}
	}
	return s;
}

void
report_text(const struct mail *m, struct bytes *out)
{
	bool answer = false, forward = false;
	const char *subject =
	    skip_prefixes(m->subject, answers, sizeof(answers) / sizeof(answers[0]), &answer);

	subject =
	    skip_prefixes(subject, forwards, sizeof(forwards) / sizeof(forwards[0]), &forward);
	bytes_add(out, "", 0);
	if (!answer && subject[0] != '\0' && strncmp(m->text, subject, strlen(subject)) != 0) {
		bytes_add_string(out, subject);
		if (m->text_len > 0)
			bytes_add_byte(out, '\n');
	}
	bytes_add(out, m->text, m->text_len);
}

/* Our own words about machines that do not say so: the null sender, and names that nobody reads. */
static const char *
machine_of(const struct settings *s, const char *sender, const struct mail *m)
{
	static const char *const names[] = { "mailer-daemon@", "postmaster@", "noreply@",
		"no-reply@", "no_reply@", "donotreply@", "do-not-reply@", "bounce@", "bounces@",
		"bounce+", "bounces+" };

	if (sender[0] == '\0')
		return "null sender";
	if (m->bounce)
		return "report";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(sender, names[i], strlen(names[i])) == 0)
			return "robot";
	if (address_in_domains(s->domain, address_domain(sender)))
		return "our own address";
	return m->machine;
}

/* The case whose message it answers: its id proves it as the address does. */
static int64_t
number_of_id(const struct settings *s, const char *ids)
{
	const char *at = ids, *end;

	while ((at = strchr(at, '<')) != NULL && (end = strchr(at, '>')) != NULL) {
		/* <case.NUMBER.TOKEN.OUTBOX@domain> */
		char *after;
		int64_t number;
		if (strncmp(++at, "case.", 5) != 0)
			continue;
		number = strtoll(at + 5, &after, 10);
		if (number > 0 && *after == '.' && end - after > ADDRESS_TOKEN + 1 &&
		    after[ADDRESS_TOKEN + 1] == '.' &&
		    address_token_right(s->secret, number, after + 1, ADDRESS_TOKEN))
			return number;
	}
	return 0;
}

/* A number in brackets, as our subjects have it: it claims, and proves nothing. */
static int64_t
number_of_subject(const char *subject)
{
	static const char *const opening[] = { "[", "【", "（", "(", "#" };

	for (size_t i = 0; i < sizeof(opening) / sizeof(opening[0]); i++) {
		const char *at = subject;
		while ((at = strstr(at, opening[i])) != NULL) {
			size_t digits;
			at += strlen(opening[i]);
			at += strspn(at, " #");
			digits = strspn(at, "0123456789");
			if (digits >= 3 && digits <= 12)
				return strtoll(at, NULL, 10);
		}
	}
	return 0;
}

static void
add_member(struct bytes *b, const char *key, const char *value, size_t longest)
{
	if (value[0] == '\0')
		return;
	bytes_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", key);
	bytes_add_json(b, value, longest);
}

static void
make_protocol(struct report *r, const struct settings *s, const char *sender, int64_t number,
    const struct mail *m, const char *machine)
{
	struct bytes *b = &r->protocol;
	int64_t asked = number_of_subject(m->subject);

	if (number == 0)
		number = number_of_id(s, m->in_reply_to);
	if (number == 0)
		number = number_of_id(s, m->references);
	bytes_add_byte(b, '{');
	if (number != 0)
		bytes_printf(b, "\"about\":%" PRId64, number);
	else if (asked != 0)
		bytes_printf(b, "\"asked\":%" PRId64, asked);
	if (machine != NULL)
		add_member(b, "machine", machine, 40);
	add_member(b, "message_id", m->message_id, 250);
	add_member(b, "in_reply_to", m->in_reply_to, 250);
	if (strlen(m->references) <= 600)
		add_member(b, "references", m->references, 600);
	add_member(b, "subject", m->subject, 500);
	if (strcmp(m->from, sender) != 0)
		add_member(b, "from", m->from, 254);
	bytes_add_byte(b, '}');
}

/* A resend has the same id and the same body; with no id the bytes below what each hop adds. The
 * body is in it, so that a machine that uses one id for all that it writes loses nothing. */
static void
make_identity(struct report *r, const void *raw, size_t len, const struct mail *m)
{
	size_t from = m->message_id[0] != '\0' ? m->header_len : m->trace_len;

	hash_two(m->message_id, strlen(m->message_id), (const char *)raw + from, len - from,
	    m->mapped, r->identity);
}

void
report_make(struct report *r, const struct settings *s, const char *sender, const char *recipient,
    int64_t number, const void *raw, size_t len, const struct mail *m, struct bytes *text)
{
	const char *machine = machine_of(s, sender, m);

	*r = (struct report){ 0 };
	r->from = address_normal(m->from, strlen(m->from));
	if (text->data == NULL)
		report_text(m, text);
	make_protocol(r, s, sender, number, m, machine);
	make_identity(r, raw, len, m);
	r->files = bytes_alloc(m->file_count, sizeof(*r->files));
	for (size_t i = 0; i < m->file_count; i++)
		r->files[i] = (struct channel_file){ .name = m->files[i].name,
			.type = m->files[i].type,
			.data = m->files[i].data,
			.len = m->files[i].len,
			.at = m->files[i].at };
	r->report = (struct channel_report){
		.source = sender[0] != '\0' ? sender
			  : r->from != NULL ? r->from
					    : "mailer-daemon",
		.destination = recipient,
		.raw = raw,
		.raw_len = len,
		.charset = "BINARY",
		.text = text->data,
		.text_len = text->len,
		.identity = r->identity,
		.identity_len = sizeof(r->identity),
		.resend_s = s->resend_s,
		.files = r->files,
		.file_count = m->file_count,
		.flags =
		    m->flags | (machine != NULL ? CHANNEL_NO_ANSWER : 0) |
		    (auth_proves(m->authentication, s->authserv_id, sender) ? 0 : CHANNEL_UNPROVEN),
		.protocol = r->protocol.data,
	};
}

void
report_clear(struct report *r)
{
	free(r->files);
	bytes_clear(&r->protocol);
	free(r->from);
}
