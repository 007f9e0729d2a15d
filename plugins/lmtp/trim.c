/* SPDX-License-Identifier: BSD-2-Clause */
/* Line by line; what programs and offices put under a text is known by its beginnings. */
#include "trim.h"

#include "../common/bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *s; /* without white space around it */
	size_t len;
};

/* From a line that begins so everything is cut. */
static const char *const ends[] = {
	"-----Original Message",
	"----- Original Message",
	"-----原始邮件",
	"----- 原始邮件",
	"------------------ 原始邮件",
	"------------------&nbsp;原始邮件",
	"------------------原始邮件",
	"-----邮件原件",
	"-----원본 메시지",
	"----- 원본 메시지",
	"-----Original message",
	"---------- Forwarded message",
	"---------- 转发",
	"----- 转发",
	"-------- 转发",
	"-------- Forwarded Message",
	"---------- 전달된",
	"________________________________",
	"Begin forwarded message",
	"开始转发的邮件",
	/* phones */
	"发自我的",
	"發自我的",
	"从我的 iPhone",
	"从我的iPhone",
	"从我的 Android",
	"来自我的iPhone",
	"来自我的 iPhone",
	"Sent from my",
	"Sent from Mail for",
	"Sent from Outlook",
	"나의 iPhone에서",
	"내 iPhone에서",
	"나의 iPad에서",
	"내 Galaxy에서",
	"Galaxy에서 보냄",
	"Android용",
	"iPhone에서 보냄",
	"获取 Outlook",
	"Get Outlook for",
	"来自 Outlook",
	"Outlook for iOS",
	/* disclaimers */
	"本邮件及其附件",
	"本邮件(包括",
	"本邮件（包括",
	"本电子邮件",
	"此邮件及",
	"此电子邮件",
	"保密声明",
	"免责声明",
	"This email and any",
	"This e-mail and any",
	"This message contains confidential",
	"This email is intended",
	"This e-mail is intended",
	"CONFIDENTIALITY NOTICE",
	"DISCLAIMER",
	"이 메일은 지정된",
	"이 메일은 수신",
	"본 메일은 지정된",
	"본 메일은 수신",
	"본 메일에 포함된",
	"본 전자우편",
	"본 이메일은",
};

/* A line that ends so introduces a quotation. */
static const char *const introductions[] = {
	"wrote:",
	"写道：",
	"写道:",
	"寫道：",
	"寫道:",
	"작성:",
	"작성：",
	"쓴 글:",
	"님이 쓴 글",
	"님이 작성:",
	"님의 말:",
	"님의 말：",
	"a écrit :",
	"schrieb:",
};

/* Fields of a head that Outlook, QQ and others put over what they quote: three in a row. */
static const char *const fields[] = {
	"From:",
	"Sent:",
	"To:",
	"Cc:",
	"Subject:",
	"Date:",
	"发件人",
	"发送时间",
	"收件人",
	"抄送",
	"主题",
	"日期",
	"寄件者",
	"보낸 사람",
	"보낸사람",
	"받는 사람",
	"받는사람",
	"보낸 날짜",
	"보낸날짜",
	"날짜",
	"제목",
	"참조",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct line
line_at(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	struct line l = { text, end != NULL ? (size_t)(end - text) : len };

	while (l.len > 0 && (*l.s == ' ' || *l.s == '\t' || *l.s == '*'))
		l.s++, l.len--;
	while (l.len > 0 && (l.s[l.len - 1] == ' ' || l.s[l.len - 1] == '\t' ||
				l.s[l.len - 1] == '\r' || l.s[l.len - 1] == '*'))
		l.len--;
	return l;
}

static bool
begins(struct line l, const char *with)
{
	size_t n = strlen(with);

	return l.len >= n && memcmp(l.s, with, n) == 0;
}

static bool
ends_with(struct line l, const char *with)
{
	size_t n = strlen(with);

	return l.len >= n && memcmp(l.s + l.len - n, with, n) == 0;
}

static bool
begins_one(struct line l, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (begins(l, list[i]))
			return true;
	return false;
}

static const char *
next_line(const char *at, const char *end)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));

	return lf != NULL ? lf + 1 : end;
}

static bool
is_quoted(struct line l)
{
	return l.len > 0 && *l.s == '>';
}

static bool
is_introduction(const char *at, const char *end)
{
	struct line l = line_at(at, (size_t)(end - at)), second;

	for (size_t i = 0; i < COUNT(introductions); i++)
		if (ends_with(l, introductions[i]) && l.len < 300)
			return true;
	/* It may be broken in two: "On Tue, 24 Nov 2026, A Name\n<a@b> wrote:" */
	if (!begins(l, "On ") && !begins(l, "在") && !begins(l, "于 ") && !begins(l, "20"))
		return false;
	at = next_line(at, end);
	second = line_at(at, (size_t)(end - at));
	for (size_t i = 0; i < COUNT(introductions); i++)
		if (ends_with(second, introductions[i]) && second.len < 200 &&
		    (memchr(second.s, '@', second.len) != NULL || memchr(l.s, '@', l.len) != NULL))
			return true;
	return false;
}

static bool
is_head(const char *at, const char *end)
{
	unsigned found = 0;

	for (int i = 0; i < 4 && at < end; i++, at = next_line(at, end))
		found += begins_one(line_at(at, (size_t)(end - at)), fields, COUNT(fields));
	return found >= 3;
}

/* Where what the person wrote ends. */
static bool
is_end(const char *at, const char *end)
{
	struct line l = line_at(at, (size_t)(end - at));
	bool signature = end - at >= 2 && memcmp(at, "--", 2) == 0 &&
			 (end - at == 2 || at[2] == '\n' || at[2] == '\r' ||
			     (at[2] == ' ' && (end - at == 3 || at[3] == '\n' || at[3] == '\r')));

	return signature || begins_one(l, ends, COUNT(ends)) || is_introduction(at, end) ||
	       (begins_one(l, fields, COUNT(fields)) && is_head(at, end));
}

static bool
is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] != ' ' && s[i] != '\t' && s[i] != '\n' && s[i] != '\r')
			return false;
	return true;
}

static void
add_stripped(const char *s, size_t len, struct bytes *out)
{
	while (len > 0 && is_blank(s, 1))
		s++, len--;
	while (len > 0 && is_blank(s + len - 1, 1))
		len--;
	bytes_add(out, s, len);
}

/* Quoted lines may stand between what is new; where that goes on below them it is kept. */
void
trim_text(const char *text, size_t len, struct bytes *out)
{
	const char *end = text + len, *at = text;
	struct bytes kept = { 0 };
	unsigned blank = 0;

	while (at < end) {
		const char *next = next_line(at, end);
		struct line l = line_at(at, (size_t)(end - at));

		if (is_introduction(at, end)) {
			/* Below a quotation somebody may have answered line by line. */
			const char *q = next_line(at, end);
			if (!is_quoted(line_at(q, (size_t)(end - q))) && q < end)
				q = next_line(q, end);
			if (q >= end || !is_quoted(line_at(q, (size_t)(end - q))))
				break;
			at = q;
			continue;
		}
		if (is_end(at, end))
			break;
		blank = l.len == 0 ? blank + 1 : 0;
		if (!is_quoted(l) && blank < 3)
			bytes_add(&kept, at, (size_t)(next - at));
		at = next;
	}
	if (is_blank(bytes_string(&kept), kept.len))
		add_stripped(text, len, out);
	else
		add_stripped(kept.data, kept.len, out);
	bytes_clear(&kept);
}
