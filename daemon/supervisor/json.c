/* SPDX-License-Identifier: BSD-2-Clause */
/* A check of form, not of meaning; what is inside may still be nonsense, but stays inside. */
#include "supervisor/json.h"

#define JSON_DEPTH 16

struct walk {
	char open[JSON_DEPTH];
	unsigned depth;
	bool quoted, escaped;
};

static bool
step_quoted(struct walk *w, char c)
{
	if (w->escaped)
		w->escaped = false;
	else if (c == '\\')
		w->escaped = true;
	else if (c == '"')
		w->quoted = false;
	return true;
}

static bool
step(struct walk *w, char c)
{
	switch (c) {
	case '"':
		w->quoted = true;
		return true;
	case '{':
	case '[':
		if (w->depth == JSON_DEPTH)
			return false;
		w->open[w->depth++] = c == '{' ? '}' : ']';
		return true;
	case '}':
	case ']':
		return w->depth > 0 && w->open[--w->depth] == c;
	default:
		return true;
	}
}

bool
json_members_safe(const char *text, size_t len)
{
	struct walk w = { .depth = 0 };

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20)
			return false;
		if (!(w.quoted ? step_quoted(&w, text[i]) : step(&w, text[i])))
			return false;
	}
	return w.depth == 0 && !w.quoted;
}
