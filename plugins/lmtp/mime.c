/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits first, on the bytes, since a parser's own memory and stack grow with what is nested and
 * counted. Then GMime for the structure; contents are taken as bytes and decoded by charsets.c,
 * because labels lie.
 */
#include "mime.h"

#include "../common/bytes.h"
#include "channel/channel.h"
#include "charsets.h"
#include "filetype.h"
#include "html.h"
#include "trim.h"

#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	DASHES_MAX = 20000,      /* lines that may be boundaries */
	PART_HEADER_MAX = 65536, /* bytes of the header of a part */
	HEADERS_MAX = 2000,      /* fields looked at */
	VALUE_MAX = 16384,       /* bytes of a field that is decoded */
	SUBJECT_MAX = 1000,
	NAME_LONGEST = 255,
	REPORT_MAX = 65536, /* bytes of the report of a delivery */
	SNIFF_MAX = 65536,  /* bytes that filetype() looks at */
	WINDOW = 1 << 20,   /* of a mapped mail that is in memory */
};

const char mime_no_room[] = "there is no room for its attachments";

static GMimeParserOptions *options;

void
mime_start(void)
{
	static const char *fallback[] = { "utf-8", "gb18030", "cp949", NULL };

	if (options != NULL)
		return;
	g_mime_init();
	options = g_mime_parser_options_new();
	g_mime_parser_options_set_fallback_charsets(options, fallback);
	g_mime_parser_options_set_rfc2047_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
	g_mime_parser_options_set_parameter_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
	g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
}

void
mail_clear(struct mail *m)
{
	free(m->subject);
	free(m->from);
	free(m->message_id);
	free(m->in_reply_to);
	free(m->references);
	free(m->authentication);
	free(m->text);
	free(m->returned);
	for (size_t i = 0; i < m->file_count; i++) {
		free(m->files[i].name);
		g_free(m->files[i].data);
	}
	free(m->files);
	*m = (struct mail){ 0 };
}

/* ---- before GMime --------------------------------------------------------------------------- */

static size_t
line_length(const char *s, size_t len)
{
	const char *lf = memchr(s, '\n', len);

	return lf != NULL ? (size_t)(lf - s) + 1 : len;
}

static bool
is_empty_line(const char *s, size_t len)
{
	return len == 0 || s[0] == '\n' || (s[0] == '\r' && (len == 1 || s[1] == '\n'));
}

/* Fields that each hop puts on top. */
static bool
is_trace(const char *s, size_t len)
{
	static const char *const names[] = { "Received:", "Return-Path:", "Delivered-To:",
		"X-Original-To:", "Received-SPF:", "Authentication-Results:", "DKIM-Filter:" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len > strlen(names[i]) && bytes_equal_nocase(s, strlen(names[i]), names[i]))
			return true;
	return false;
}

static bool
scan_header(const char *s, size_t len, size_t limit, struct mail *out)
{
	bool trace = true, in_trace = false;
	size_t at = 0;

	while (at < len && !is_empty_line(s + at, len - at)) {
		size_t n = line_length(s + at, len - at);
		bool folded = s[at] == ' ' || s[at] == '\t';

		if (!folded)
			in_trace = is_trace(s + at, len - at);
		at += n;
		trace = trace && in_trace;
		if (trace)
			out->trace_len = at;
		if (at > limit)
			return false;
	}
	out->header_len = at < len ? at + line_length(s + at, len - at) : len;
	return true;
}

static const char *
scan(const char *s, size_t len, const struct mail_limits *limits, struct mail *out)
{
	size_t types = 0, dashes = 0, header_from = 0;
	bool in_header = false;
	size_t kept = 0;

	if (!scan_header(s, len, limits->header, out))
		return "its header is too long";
	for (size_t at = out->header_len; at < len;) {
		size_t n = line_length(s + at, len - at);

		if (n > 2 && s[at] == '-' && s[at + 1] == '-') {
			dashes++;
			in_header = true;
			header_from = at;
		} else if (in_header && is_empty_line(s + at, n)) {
			in_header = false;
		} else if ((s[at] | 32) == 'c' && n > 13 &&
			   bytes_equal_nocase(s + at, 13, "content-type:")) {
			types++;
		}
		if (in_header && at + n - header_from > PART_HEADER_MAX &&
		    memchr(s + header_from, ':',
			256 < len - header_from ? 256 : len - header_from) != NULL)
			return "the header of one of its parts is too long";
		if (types > limits->parts || dashes > DASHES_MAX)
			return "it has too many parts";
		at += n;
		if (out->mapped && at - kept > WINDOW) {
			bytes_forget(s + kept, at - kept);
			kept = at;
		}
	}
	return NULL;
}

/* ---- fields of the header ------------------------------------------------------------------- */

/* Valid UTF-8, one line, without what is around it. free() it. */
static char *
tidy(const char *s, size_t longest)
{
	char *text, *out;
	size_t len, to = 0;

	channel_decode("UTF-8", s, strlen(s), true, &text, &len);
	out = bytes_alloc(len + 1, 1);
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '\n' || text[i] == '\t' || text[i] == '\r' ? ' ' : text[i];
		if (c != ' ' || (to > 0 && out[to - 1] != ' '))
			out[to++] = c;
	}
	free(text);
	if (to > longest)
		for (to = longest; to > 0 && ((unsigned char)out[to] & 0xc0) == 0x80; to--)
			;
	while (to > 0 && out[to - 1] == ' ')
		to--;
	out[to] = '\0';
	return out;
}

/* Encoded words (RFC 2047, 2), whose bytes are gathered while they stand side by side in one
 * charset, since a character may be cut between two. */
struct words {
	char label[41]; /* "" none is gathered */
	struct bytes bytes;
	struct bytes *out;
};

/* What was gathered becomes one word in UTF-8. */
static void
flush_words(struct words *w)
{
	unsigned flags = 0;
	char *utf8, *word;
	size_t len;

	if (w->label[0] == '\0')
		return;
	utf8 = charsets_decode(w->label, bytes_string(&w->bytes), w->bytes.len, &len, &flags);
	word = g_base64_encode((const guchar *)utf8, len);
	bytes_printf(w->out, "=?utf-8?B?%s?=", word);
	g_free(word);
	free(utf8);
	bytes_clear(&w->bytes);
	w->label[0] = '\0';
}

static void
gather_word(struct words *w, const char *text, size_t len, bool base64)
{
	char *in = bytes_dup(text, len), *decoded = bytes_alloc(len + 16, 1);
	GMimeEncoding state;

	for (size_t i = 0; !base64 && i < len; i++)
		if (in[i] == '_')
			in[i] = ' ';
	g_mime_encoding_init_decode(&state,
	    base64 ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	bytes_add(&w->bytes, decoded, g_mime_encoding_step(&state, in, len, decoded));
	free(decoded);
	free(in);
}

/* The length of the encoded word at s, which is gathered; 0 when it is none. */
static size_t
take_word(struct words *w, const char *s, size_t len)
{
	char label[41];
	size_t n = 2;
	const char *end;

	while (n < len && n < 42 && strchr("?= \t\n", s[n]) == NULL)
		n++;
	if (n == 2 || n + 3 > len || s[n] != '?' || s[n + 2] != '?' ||
	    strchr("bBqQ", s[n + 1]) == NULL)
		return 0;
	end = memmem(s + n + 3, len - n - 3, "?=", 2);
	if (end == NULL)
		return 0;
	memcpy(label, s + 2, n - 2);
	label[n - 2] = '\0';
	label[strcspn(label, "*")] = '\0'; /* a language (RFC 2231) is left out */
	if (label[0] == '\0')
		return 0;
	if (strcasecmp(label, w->label) != 0)
		flush_words(w);
	memcpy(w->label, label, sizeof(label));
	gather_word(w, s + n + 3, (size_t)(end - s) - n - 3, (s[n + 1] | 32) == 'b');
	return (size_t)(end + 2 - s);
}

/* A field with each of its encoded words in UTF-8, whatever their labels said. */
static void
mend_words(const char *s, size_t len, struct bytes *out)
{
	struct words w = { .out = out };

	for (size_t at = 0, n; at < len; at += n) {
		const char *word = memmem(s + at, len - at, "=?", 2);
		size_t before = word != NULL ? (size_t)(word - s) - at : len - at;
		bool blank = strspn(s + at, " \t\r\n") >= before;

		n = word != NULL && blank && w.label[0] != '\0'
			? take_word(&w, word, len - at - before)
			: 0;
		if (n > 0) {
			n += before;
			continue;
		}
		flush_words(&w);
		bytes_add(out, s + at, before);
		n = before;
		if (word != NULL) {
			size_t taken = take_word(&w, word, len - at - before);
			if (taken == 0)
				bytes_add(out, word, 2);
			n += taken > 0 ? taken : 2;
		}
	}
	flush_words(&w);
}

/* The field's value with its words and raw bytes made UTF-8. free() it. */
static char *
mended(const char *raw)
{
	struct bytes out = { 0 };
	size_t len = strnlen(raw, VALUE_MAX), text_len;
	unsigned flags = 0;
	char *text;

	text = charsets_decode("", raw, len, &text_len, &flags);
	mend_words(text, text_len, &out);
	free(text);
	bytes_add(&out, "", 0);
	return out.data;
}

static char *
decode_text(const char *raw)
{
	char *value = mended(raw), *unfolded = g_mime_utils_header_unfold(value);
	char *decoded = g_mime_utils_header_decode_text(options, unfolded);
	char *out = tidy(decoded != NULL ? decoded : "", SUBJECT_MAX);

	g_free(decoded);
	g_free(unfolded);
	free(value);
	return out;
}

static char *
first_address(const char *raw)
{
	char *value = mended(raw), *out = NULL;
	InternetAddressList *list = internet_address_list_parse(options, value);

	free(value);
	for (int i = 0; list != NULL && out == NULL && i < internet_address_list_length(list);
	     i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		const char *addr =
		    INTERNET_ADDRESS_IS_MAILBOX(a)
			? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a))
			: NULL;
		if (addr != NULL)
			out = tidy(addr, 254);
	}
	if (list != NULL)
		g_object_unref(list);
	return out != NULL ? out : bytes_dup("", 0);
}

/* The ids in a field, each with its <>, one space between; at most count of them, the last ones. */
static char *
message_ids(const char *raw, unsigned count)
{
	struct bytes out = { 0 };
	const char *end = raw + strnlen(raw, VALUE_MAX), *at = end;
	unsigned found = 0;
	char *text;

	/* from behind: where the count-th id from the end begins */
	for (const char *p = end; p > raw && found < count; p--)
		if (p[-1] == '<') {
			at = p - 1;
			found++;
		}
	while (at < end) {
		const char *close = memchr(at, '>', (size_t)(end - at));
		if (*at != '<' || close == NULL) {
			at++;
			continue;
		}
		if (close - at < 250) {
			if (out.len > 0)
				bytes_add_byte(&out, ' ');
			for (; at <= close; at++)
				if ((unsigned char)*at > 0x20 && (unsigned char)*at != 0x7f)
					bytes_add_byte(&out, *at);
		}
		at = close + 1;
	}
	text = tidy(bytes_string(&out), 4000);
	bytes_clear(&out);
	return text;
}

static bool
begins_with(const char *s, const char *word)
{
	return bytes_equal_nocase(s, strlen(word) < strlen(s) ? strlen(word) : strlen(s), word);
}

/* RFC 3834, section 2, and what programs do beside it. */
static const char *
machine_of(const char *name, const char *value)
{
	while (*value == ' ' || *value == '\t' || *value == '\r' || *value == '\n')
		value++;
	if (strcasecmp(name, "Auto-Submitted") == 0)
		return begins_with(value, "no") ? NULL : "auto-submitted";
	if (strcasecmp(name, "Precedence") == 0)
		return begins_with(value, "bulk") || begins_with(value, "list") ||
			       begins_with(value, "junk") || begins_with(value, "auto_reply")
			   ? "precedence"
			   : NULL;
	if (begins_with(name, "List-"))
		return "list";
	if (strcasecmp(name, "X-Loop") == 0 || strcasecmp(name, "X-Autoreply") == 0 ||
	    strcasecmp(name, "X-Autorespond") == 0 || strcasecmp(name, "X-Auto-Reply") == 0 ||
	    strcasecmp(name, "X-Auto-Response-Suppress") == 0 ||
	    strcasecmp(name, "Feedback-ID") == 0 || strcasecmp(name, "X-Failed-Recipients") == 0)
		return "robot";
	return NULL;
}

static void
replace(char **field, char *value)
{
	if (*field != NULL) /* the first of several counts */
		free(value);
	else
		*field = value;
}

/* One line of what the field says, on top of what others have said. */
static void
add_result(struct bytes *results, const char *raw)
{
	char *line = tidy(raw, 2000);

	if (results->len < VALUE_MAX)
		bytes_printf(results, "%s\n", line);
	free(line);
}

static void
read_fields(GMimeObject *message, struct mail *out)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(message);
	int count = g_mime_header_list_get_count(list);
	struct bytes results = { 0 };

	for (int i = 0; i < count && i < HEADERS_MAX; i++) {
		GMimeHeader *h = g_mime_header_list_get_header_at(list, i);
		const char *name = g_mime_header_get_name(h), *raw = g_mime_header_get_raw_value(h);

		if (name == NULL || raw == NULL)
			continue;
		if (strcasecmp(name, "Subject") == 0)
			replace(&out->subject, decode_text(raw));
		else if (strcasecmp(name, "From") == 0)
			replace(&out->from, first_address(raw));
		else if (strcasecmp(name, "Message-ID") == 0)
			replace(&out->message_id, message_ids(raw, 1));
		else if (strcasecmp(name, "In-Reply-To") == 0)
			replace(&out->in_reply_to, message_ids(raw, 1));
		else if (strcasecmp(name, "References") == 0)
			replace(&out->references, message_ids(raw, 8));
		else if (strcasecmp(name, "Authentication-Results") == 0)
			add_result(&results, raw);
		else if (strcasecmp(name, "X-Failed-Recipients") == 0)
			out->bounce = true;
		if (out->machine == NULL)
			out->machine = machine_of(name, raw);
	}
	out->authentication = results.data;
}

/* ---- the tree ------------------------------------------------------------------------------- */

struct walk {
	const struct mail_limits *limits;
	struct mime_spool *spool; /* NULL: none */
	struct mail *out;
	struct bytes text;
	bool html;   /* text was HTML */
	bool hollow; /* something of parts had none */
	size_t parts;
	const char *why;
};

static void walk(struct walk *w, GMimeObject *object, size_t depth);

static bool
is_blank(const struct bytes *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (strchr(" \t\r\n", b->data[i]) == NULL)
			return false;
	return true;
}

static void
add_file(struct walk *w, const char *name, const struct mail_file *content)
{
	struct mail *m = w->out;
	struct mail_file *f;

	if (content->len == 0) {
		g_free(content->data);
		return;
	}
	m->files = realloc(m->files, (m->file_count + 1) * sizeof(*m->files));
	if (m->files == NULL)
		abort();
	f = &m->files[m->file_count++];
	*f = *content;
	f->name = tidy(name != NULL ? name : "", NAME_LONGEST);
}

/* The bytes that a stream has gathered; g_free() them. The stream is gone. */
static void *
take_bytes(GMimeStream *mem, size_t *len)
{
	GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	void *data;

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(mem), FALSE);
	*len = array->len;
	data = g_byte_array_free(array, FALSE);
	g_object_unref(mem);
	return data;
}

/* The type of what has been written to the spool. */
static const char *
spooled_type(const struct mime_spool *spool, const struct mail_file *f)
{
	static char head[SNIFF_MAX];
	ssize_t n = pread(spool->fd, head, f->len < SNIFF_MAX ? f->len : SNIFF_MAX, f->at);

	return filetype(head, n > 0 ? (size_t)n : 0);
}

/* Writes an object, or of a part its contents, to where attachments go. */
static struct mail_file
write_out(struct walk *w, GMimeObject *object, GMimeDataWrapper *wrapper)
{
	struct mime_spool *spool = w->spool;
	GMimeStream *to = spool != NULL ? g_mime_stream_fs_new_with_bounds(spool->fd, spool->at, -1)
					: g_mime_stream_mem_new();
	struct mail_file f = { 0 };
	ssize_t n = object != NULL ? g_mime_object_write_to_stream(object, NULL, to)
				   : g_mime_data_wrapper_write_to_stream(wrapper, to);

	if (spool == NULL) {
		f.data = take_bytes(to, &f.len);
		f.type = filetype(f.data, f.len);
		return f;
	}
	g_mime_stream_fs_set_owner(GMIME_STREAM_FS(to), FALSE);
	f.at = spool->at;
	f.len = (size_t)(g_mime_stream_tell(to) - f.at);
	g_object_unref(to);
	if (n < 0)
		w->why = mime_no_room;
	spool->at += (int64_t)f.len;
	f.type = spooled_type(spool, &f);
	return f;
}

/* The contents of a part of text, as much of them as could be kept. */
static void
read_text(GMimePart *part, size_t limit, struct bytes *out, unsigned *flags)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
	GMimeStream *from = wrapper != NULL ? g_mime_data_wrapper_get_stream(wrapper) : NULL;
	GMimeStream *filtered;
	GMimeFilter *decoder;
	char window[8192];
	ssize_t n;

	if (from == NULL)
		return;
	g_mime_stream_reset(from);
	filtered = g_mime_stream_filter_new(from);
	decoder = g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(wrapper), FALSE);
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), decoder);
	while (out->len <= limit && (n = g_mime_stream_read(filtered, window, sizeof(window))) > 0)
		bytes_add(out, window, (size_t)n);
	g_object_unref(decoder);
	g_object_unref(filtered);
	g_mime_stream_reset(from);
	if (out->len > limit) {
		out->len = limit;
		*flags |= CHANNEL_TRUNCATED;
	}
}

/* What <meta charset> says; NULL nothing. Static. */
static const char *
html_charset(const char *html, size_t len)
{
	static char label[41];
	const char *at = bytes_find_nocase(html, len < 2048 ? len : 2048, "charset=");
	size_t n = 0;

	if (at == NULL)
		return NULL;
	at += strlen("charset=");
	if (at < html + len && (*at == '"' || *at == '\''))
		at++;
	while (n < 40 && at + n < html + len && strchr("\"'> ;/\t\r\n", at[n]) == NULL)
		n++;
	memcpy(label, at, n);
	label[n] = '\0';
	return label;
}

static void
add_text(struct walk *w, GMimePart *part, bool html)
{
	const char *label = g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
	size_t text_len, room;
	struct bytes data = { 0 };
	char *text;

	/* a character has at most four bytes, markup is more */
	read_text(part, w->limits->text * (html ? 32 : 4), &data, &w->out->flags);
	if (label == NULL && html)
		label = html_charset(bytes_string(&data), data.len);
	text = charsets_decode(
	    label != NULL ? label : "", bytes_string(&data), data.len, &text_len, &w->out->flags);
	bytes_clear(&data);
	room = w->limits->text > w->text.len ? w->limits->text - w->text.len : 0;
	if (w->text.len > 0)
		bytes_add_byte(&w->text, '\n');
	if (html) {
		html_text(text, text_len, room, &w->text);
	} else {
		if (text_len > room) {
			w->out->flags |= CHANNEL_TRUNCATED;
			for (text_len = room;
			     text_len > 0 && ((unsigned char)text[text_len] & 0xc0) == 0x80;
			     text_len--)
				;
		}
		bytes_add(&w->text, text, text_len);
	}
	free(text);
	w->html |= html;
}

/* The fields of a report, and the header of the mail that it is about. */
static void
read_report(struct walk *w, GMimePart *part, GMimeContentType *type)
{
	struct mail *m = w->out;
	struct bytes text = { 0 };
	unsigned flags = 0;

	if (!m->bounce || type == NULL)
		return;
	if (g_mime_content_type_is_type(type, "message", "delivery-status") ||
	    g_mime_content_type_is_type(type, "message", "global-delivery-status")) {
		read_text(part, REPORT_MAX, &text, &flags);
		bounce_read(bytes_string(&text), text.len, &m->said);
	} else if (m->returned == NULL &&
		   (g_mime_content_type_is_type(type, "text", "rfc822-headers") ||
		       g_mime_content_type_is_type(type, "message", "global-headers"))) {
		read_text(part, REPORT_MAX, &text, &flags);
		m->returned = bytes_dup(bytes_string(&text), text.len);
	}
	bytes_clear(&text);
}

static void
walk_part(struct walk *w, GMimePart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *disposition = g_mime_object_get_disposition(GMIME_OBJECT(part));
	const char *name = g_mime_part_get_filename(part);
	bool attached = disposition != NULL && strcasecmp(disposition, "attachment") == 0;
	bool plain = type == NULL || g_mime_content_type_is_type(type, "text", "plain");
	bool html = type != NULL && g_mime_content_type_is_type(type, "text", "html");
	GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
	struct mail_file f;

	read_report(w, part, type);
	if (!attached && (plain || html) && (name == NULL || is_blank(&w->text))) {
		add_text(w, part, html);
		return;
	}
	if (wrapper == NULL)
		return;
	f = write_out(w, NULL, wrapper);
	add_file(w, name, &f);
}

/* A mail within a mail is kept as it is. */
static void
walk_message(struct walk *w, GMimeMessagePart *part)
{
	GMimeMessage *message = g_mime_message_part_get_message(part);
	const char *name =
	    g_mime_object_get_content_disposition_parameter(GMIME_OBJECT(part), "filename");
	struct mail_file f;

	if (message == NULL)
		return;
	if (w->out->bounce && w->out->returned == NULL) {
		const char *id = g_mime_object_get_header(GMIME_OBJECT(message), "Message-ID");
		if (id != NULL)
			w->out->returned = bytes_dup(id, strnlen(id, VALUE_MAX));
	}
	f = write_out(w, GMIME_OBJECT(message), NULL);
	f.type = "message/rfc822";
	add_file(w, name != NULL ? name : "message.eml", &f);
}

/* The first plain text that says something, else the first text that does; files of all. */
static void
walk_alternative(struct walk *w, GMimeMultipart *multipart, size_t depth)
{
	struct bytes before = w->text, best = { 0 };
	bool html_before = w->html, best_html = true;

	for (int i = 0; i < g_mime_multipart_get_count(multipart) && w->why == NULL; i++) {
		w->text = (struct bytes){ 0 };
		w->html = false;
		walk(w, g_mime_multipart_get_part(multipart, i), depth);
		if (!is_blank(&w->text) && (is_blank(&best) || (best_html && !w->html))) {
			bytes_clear(&best);
			best = w->text;
			best_html = w->html;
		} else {
			bytes_clear(&w->text);
		}
	}
	w->text = before;
	w->html = html_before || (best.len > 0 && best_html);
	if (best.len > 0) {
		if (w->text.len > 0)
			bytes_add_byte(&w->text, '\n');
		bytes_add(&w->text, best.data, best.len);
	}
	bytes_clear(&best);
}

static void
walk_multipart(struct walk *w, GMimeMultipart *multipart, size_t depth)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(multipart));

	w->hollow |= g_mime_multipart_get_count(multipart) == 0;
	if (type != NULL && g_mime_content_type_is_type(type, "multipart", "report"))
		w->out->bounce = true;
	if (type != NULL && g_mime_content_type_is_type(type, "multipart", "alternative")) {
		walk_alternative(w, multipart, depth);
		return;
	}
	for (int i = 0; i < g_mime_multipart_get_count(multipart) && w->why == NULL; i++)
		walk(w, g_mime_multipart_get_part(multipart, i), depth);
}

static void
walk(struct walk *w, GMimeObject *object, size_t depth)
{
	if (object == NULL || w->why != NULL)
		return;
	if (++w->parts > w->limits->parts)
		w->why = "it has too many parts";
	else if (depth > w->limits->depth)
		w->why = "its parts are nested too deeply";
	else if (GMIME_IS_MULTIPART(object))
		walk_multipart(w, GMIME_MULTIPART(object), depth + 1);
	else if (GMIME_IS_MESSAGE_PART(object))
		walk_message(w, GMIME_MESSAGE_PART(object));
	else if (GMIME_IS_PART(object))
		walk_part(w, GMIME_PART(object));
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void
fill_strings(struct mail *m)
{
	char **fields[] = { &m->subject, &m->from, &m->message_id, &m->in_reply_to, &m->references,
		&m->authentication, &m->returned };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (*fields[i] == NULL)
			*fields[i] = bytes_dup("", 0);
}

/* A report in words says what it says in the text, and so stands there what came back. */
static void
read_words(struct mail *m, const struct bytes *text)
{
	bool sure = m->bounce;

	m->bounce |= m->from != NULL && (begins_with(m->from, "mailer-daemon@") ||
					    begins_with(m->from, "postmaster@"));
	if (!m->bounce || m->said.action != BOUNCE_NONE)
		return;
	bounce_read_words(bytes_string(text), text->len, sure, &m->said);
	if (m->returned == NULL)
		m->returned = bytes_dup(bytes_string(text), text->len);
}

static const char *
read_message(GMimeParser *parser, const char *raw, size_t len, const struct mail_limits *limits,
    struct mime_spool *spool, struct mail *out)
{
	GMimeMessage *message = g_mime_parser_construct_message(parser, options);
	struct walk w = { .limits = limits, .spool = spool, .out = out };
	struct bytes trimmed = { 0 };

	if (message != NULL) {
		read_fields(GMIME_OBJECT(message), out);
		walk(&w, g_mime_message_get_mime_part(message), 0);
		g_object_unref(message);
	}
	if (w.why == NULL && w.hollow && out->file_count == 0 && is_blank(&w.text)) {
		/* parts without a boundary, and the like: what stands there is better than nothing
		 */
		size_t body =
		    len - out->header_len < limits->text ? len - out->header_len : limits->text;
		char *text = charsets_decode("", raw + out->header_len, body, &body, &out->flags);
		bytes_clear(&w.text);
		bytes_add(&w.text, text, body);
		free(text);
	}
	read_words(out, &w.text);
	trim_text(bytes_string(&w.text), w.text.len, &trimmed);
	bytes_add(&trimmed, "", 0);
	out->text = trimmed.data;
	out->text_len = trimmed.len;
	bytes_clear(&w.text);
	return w.why;
}

bool
mime_read(const void *raw, size_t len, const struct mail_limits *limits, struct mime_spool *spool,
    struct mail *out, const char **why)
{
	GByteArray *array;
	GMimeStream *stream;
	GMimeParser *parser;

	*out = (struct mail){ .mapped = spool != NULL };
	*why = scan(raw, len, limits, out);
	if (*why != NULL)
		return false;
	/* GMime reads from where the bytes lie; nothing is copied. */
	array = g_byte_array_new_take((guint8 *)(uintptr_t)raw, len);
	if (spool != NULL) {
		stream = g_mime_stream_fs_new_with_bounds(spool->fd, 0, (gint64)len);
		g_mime_stream_fs_set_owner(GMIME_STREAM_FS(stream), FALSE);
	} else {
		stream = g_mime_stream_mem_new_with_byte_array(array);
		g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	}
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	*why = read_message(parser, raw, len, limits, spool, out);
	g_object_unref(parser);
	g_object_unref(stream);
	g_byte_array_free(array, FALSE);
	if (*why != NULL) {
		mail_clear(out);
		return false;
	}
	fill_strings(out);
	return true;
}
