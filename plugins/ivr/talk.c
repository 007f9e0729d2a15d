/* SPDX-License-Identifier: BSD-2-Clause */
/* What is talked about in a call. */
#include "talk.h"

#include "../common/bytes.h"
#include "call.h"
#include "menu.h"
#include "say.h"
#include "settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CASES_MAX =
	    3, /* told one after the other; who has more is called back sooner than he is read to */
	NUMBER_DIGITS = 12,
	NUMBER_TRIES = 3,
	CHECK = 13, /* every number is a multiple of it */
	LOOK_AGAIN_MS = 300,
};

struct known_case {
	int64_t number;
	char category[40], light[16], state[24];
	bool to_write;
};

struct talk {
	const struct menu *menu;
	bool known; /* the database has answered */
	bool elder;
	int language; /* stored for the phone; -1 unknown */
	struct known_case cases[CASES_MAX];
	size_t case_count;
	int64_t asked; /* the case of which we asked whether it is solved; 0 none */
	char asked_category[40];
	unsigned silences, wrongs, tries;
	char digits[NUMBER_DIGITS + 1];
	size_t digit_count;
	int64_t number;
	int64_t waited_ms;
	bool reread;
};

static void enter(struct call *c, const struct menu *m);
static void start(struct call *c);

struct talk *
talk_new(void)
{
	struct talk *t = bytes_alloc(1, sizeof(*t));

	t->language = -1;
	return t;
}

void
talk_free(struct talk **t)
{
	free(*t);
	*t = NULL;
}

static const struct menu *
menu_of(struct call *c, const char *name)
{
	return menu_find(&call_settings(c)->menus, name);
}

/* ---- what the database knows ---------------------------------------------------------------- */

struct fields {
	const char *at[6];
	size_t len[6];
};

/* The next line of fields parted by tabs. */
static bool
next_line(const char **lines, struct fields *f)
{
	*f = (struct fields){ 0 };
	if (**lines == '\0')
		return false;
	for (int i = 0; i < 6; i++) {
		f->at[i] = *lines;
		f->len[i] = strcspn(*lines, "\t\n");
		*lines += f->len[i];
		if (**lines != '\t')
			break;
		(*lines)++;
	}
	*lines += strcspn(*lines, "\n");
	*lines += **lines == '\n';
	return true;
}

static bool
is(const struct fields *f, int i, const char *word)
{
	return f->at[i] != NULL && strlen(word) == f->len[i] &&
	       memcmp(f->at[i], word, f->len[i]) == 0;
}

static void
copy(const struct fields *f, int i, char *to, size_t room)
{
	snprintf(to, room, "%.*s", (int)f->len[i], f->at[i] != NULL ? f->at[i] : "");
}

static int64_t
integer(const struct fields *f, int i)
{
	return f->at[i] != NULL ? strtoll(f->at[i], NULL, 10) : 0;
}

static void
note_case(struct talk *t, const struct fields *f)
{
	struct known_case *k;

	if (t->case_count == CASES_MAX)
		return;
	k = &t->cases[t->case_count++];
	k->number = integer(f, 1);
	copy(f, 2, k->category, sizeof(k->category));
	copy(f, 3, k->light, sizeof(k->light));
	copy(f, 4, k->state, sizeof(k->state));
	k->to_write = is(f, 5, "1");
}

/* "language zh", "elder", "case NUMBER CATEGORY LIGHT STATE TO_WRITE", "ask NUMBER CATEGORY". */
static void
read_caller(struct call *c, const char *lines)
{
	const struct settings *s = call_settings(c);
	struct talk *t = call_talk(c);
	struct fields f;

	t->known = true;
	t->case_count = 0;
	while (next_line(&lines, &f)) {
		for (int i = 0; is(&f, 0, "language") && i < s->language_count; i++)
			if (is(&f, 1, s->languages[i]))
				t->language = i;
		t->elder |= is(&f, 0, "elder");
		if (is(&f, 0, "case"))
			note_case(t, &f);
		if (is(&f, 0, "ask") && t->asked == 0) {
			t->asked = integer(&f, 1);
			copy(&f, 2, t->asked_category, sizeof(t->asked_category));
		}
	}
}

/* ---- saying things -------------------------------------------------------------------------- */

static void
say_category(struct call *c, const char *category)
{
	const struct settings *s = call_settings(c);
	char name[SAY_NAME];

	snprintf(name, sizeof(name), "category_%s", category);
	if (category[0] != '\0' &&
	    settings_has_prompt(s, s->languages[call_language(c)], name, strlen(name)))
		call_say(c, name);
	else
		call_say(c, "category_other");
}

static void
say_state(struct call *c, const struct known_case *k)
{
	static const struct {
		const char *is, *name;
	} names[] = {
		{ "red", "light_red" },
		{ "yellow", "light_yellow" },
		{ "blue", "light_blue" },
		{ "green", "light_green" },
		{ "told", "wish_told" },
		{ "draft", "wish_told" },
		{ "published", "wish_open" },
		{ "claimed", "wish_claimed" },
		{ "full", "wish_claimed" },
		{ "done", "wish_done" },
		{ "archived", "wish_done" },
		{ "withdrawn", "wish_over" },
		{ "expired", "wish_over" },
	};
	const char *word = k->light[0] != '\0' ? k->light : k->state;

	if (k->to_write) {
		call_say(c, "to_write");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].is, word) == 0) {
			call_say(c, names[i].name);
			return;
		}
	/* a state that is newer than we are: that it is there is what can be said */
	call_say(c, "light_yellow");
}

static void
say_case(struct call *c, const struct known_case *k)
{
	call_say(c, "case_about");
	say_category(c, k->category);
	call_say(c, "case_number");
	call_say_number(c, k->number);
	say_state(c, k);
	call_say(c, "pause");
}

/* ---- menus ---------------------------------------------------------------------------------- */

static void
go_on(struct call *c)
{
	const struct menu *next = call_talk(c)->menu->next;

	if (next != NULL)
		enter(c, next);
	else
		call_end(c, "end");
}

/* Nobody is left alone with a menu that he does not get on with. Who has what he rang for and says
 * no more is not lost. */
static void
lost(struct call *c)
{
	if (call_is_served(c)) {
		call_end(c, "end");
		return;
	}
	call_talk(c)->silences = call_talk(c)->wrongs = 0;
	enter(c, menu_of(c, "lost"));
}

static void on_menu_key(struct call *c, char key);

static void
ask_menu(struct call *c)
{
	const struct menu *m = call_talk(c)->menu;

	call_say(c, m->prompt);
	call_ask(c, m->name, call_settings(c)->first_key_ms, on_menu_key);
}

static void
on_menu_key(struct call *c, char key)
{
	const struct settings *s = call_settings(c);
	struct talk *t = call_talk(c);
	const struct menu *to = key != '\0' ? t->menu->on_key[menu_key(key)] : NULL;

	if (to != NULL) {
		t->silences = t->wrongs = 0;
		call_say(c, "pause");
		enter(c, to);
		return;
	}
	if (key == '\0' ? ++t->silences >= s->silence_limit : ++t->wrongs >= s->wrong_limit) {
		lost(c);
		return;
	}
	call_say(c, key == '\0' ? "silence" : "wrong");
	ask_menu(c);
}

/* ---- recording ------------------------------------------------------------------------------ */

static void record(struct call *c);

static void
say_filed_number(struct call *c)
{
	struct talk *t = call_talk(c);

	call_say(c, "number_is");
	call_say_number(c, t->number);
	call_say(c, "pause number_repeat");
	call_say_number(c, t->number);
	call_play(c, go_on);
}

static void look_for_number(struct call *c);

static void
on_number_found(struct call *c, const char *lines)
{
	struct talk *t = call_talk(c);
	struct fields f;

	if (lines != NULL && next_line(&lines, &f) && is(&f, 0, "number")) {
		t->number = integer(&f, 1);
		say_filed_number(c);
		return;
	}
	t->waited_ms += LOOK_AGAIN_MS;
	if (lines == NULL || t->waited_ms > call_settings(c)->number_ms) {
		call_say(c, "kept");
		call_play(c, go_on);
		return;
	}
	call_wait(c, LOOK_AGAIN_MS, look_for_number);
}

static void
look_for_number(struct call *c)
{
	call_look(c, "filed", call_phone(c), call_reference(c), on_number_found);
}

static void
on_recorded(struct call *c, bool speech)
{
	struct talk *t = call_talk(c);

	if (!speech && ++t->tries < 2) {
		call_say(c, "not_heard");
		call_play(c, record);
		return;
	}
	call_say(c, "recorded");
	t->waited_ms = 0;
	call_play(c, look_for_number);
}

static void
record(struct call *c)
{
	static const char *const kinds[] = {
		[MENU_REPORT] = "report", [MENU_WISH] = "wish", [MENU_MESSAGE] = "message"
	};
	const struct talk *t = call_talk(c);

	call_record(
	    c, t->menu->name, kinds[t->menu->action], t->menu->category, t->tries > 0, on_recorded);
}

/* ---- progress ------------------------------------------------------------------------------- */

static void
tell_cases(struct call *c)
{
	struct talk *t = call_talk(c);

	for (size_t i = 0; i < t->case_count; i++)
		say_case(c, &t->cases[i]);
	if (t->case_count == 0)
		call_say(c, t->known ? "cases_none" : "cases_later");
	if (t->known)
		call_served(c);
	call_play(c, go_on);
}

static void
on_cases(struct call *c, const char *lines)
{
	call_talk(c)->known = lines != NULL;
	if (lines != NULL)
		read_caller(c, lines);
	else
		call_talk(c)->case_count = 0;
	tell_cases(c);
}

/* ---- by number ------------------------------------------------------------------------------ */

static void on_digit(struct call *c, char key);

static void
number_again(struct call *c, const char *why)
{
	struct talk *t = call_talk(c);

	t->digit_count = 0;
	if (++t->tries >= NUMBER_TRIES) {
		call_say(c, why);
		call_play(c, go_on);
		return;
	}
	call_say(c, why);
	call_say(c, t->menu->prompt);
	call_ask(c, t->menu->name, call_settings(c)->first_key_ms, on_digit);
}

static void
on_number_known(struct call *c, const char *lines)
{
	struct talk *t = call_talk(c);
	struct known_case k = { .number = t->number };
	struct fields f;

	if (lines == NULL) {
		call_say(c, "cases_later");
		call_play(c, go_on);
	} else if (!next_line(&lines, &f) || !is(&f, 0, "case")) {
		number_again(c, "number_unknown");
	} else {
		copy(&f, 3, k.light, sizeof(k.light));
		copy(&f, 4, k.state, sizeof(k.state));
		call_say(c, "case_number");
		call_say_number(c, k.number);
		say_state(c, &k);
		call_served(c);
		call_play(c, go_on);
	}
}

/* The number is complete. A digit that is wrong is found before anybody is asked. */
static void
on_number(struct call *c)
{
	struct talk *t = call_talk(c);

	t->digits[t->digit_count] = '\0';
	t->number = strtoll(t->digits, NULL, 10);
	if (t->number == 0 || t->number % CHECK != 0)
		number_again(c, "number_wrong");
	else
		call_look(c, "number", t->digits, call_phone(c), on_number_known);
}

static void
on_digit(struct call *c, char key)
{
	struct talk *t = call_talk(c);

	if (key >= '0' && key <= '9' && t->digit_count < NUMBER_DIGITS) {
		t->digits[t->digit_count++] = key;
		call_ask(c, t->menu->name, call_settings(c)->next_key_ms, on_digit);
	} else if (key == '*' && t->digit_count == 0) {
		enter(c, menu_of(c, "root"));
	} else if (key == '*') {
		t->digit_count = 0;
		call_say(c, t->menu->prompt);
		call_ask(c, t->menu->name, call_settings(c)->first_key_ms, on_digit);
	} else if (t->digit_count > 0) {
		on_number(c);
	} else {
		number_again(c, "silence");
	}
}

/* ---- what a menu does ----------------------------------------------------------------------- */

static void
hand_over(struct call *c)
{
	call_served(c);
	call_end(c, call_talk(c)->menu->variable);
}

static void
good_bye(struct call *c)
{
	call_end(c, "end");
}

static void
next_language(struct call *c)
{
	call_set_language(c, (call_language(c) + 1) % call_settings(c)->language_count, true);
	call_say(c, "language_changed");
	call_play(c, go_on);
}

static void
look_for_cases(struct call *c)
{
	call_look(c, "caller", call_phone(c), "", on_cases);
}

static void
enter(struct call *c, const struct menu *m)
{
	struct talk *t = call_talk(c);

	t->menu = m;
	t->tries = 0;
	t->digit_count = 0;
	switch (m->action) {
	case MENU_KEYS:
		ask_menu(c);
		return;
	case MENU_NUMBER:
		call_say(c, m->prompt);
		call_ask(c, m->name, call_settings(c)->first_key_ms, on_digit);
		return;
	default:
		break;
	}
	call_say(c, m->prompt);
	switch (m->action) {
	case MENU_PROGRESS:
		call_play(c, look_for_cases);
		break;
	case MENU_LANGUAGE:
		next_language(c);
		break;
	case MENU_PERSON:
		call_play(c, hand_over);
		break;
	case MENU_END:
		call_play(c, good_bye);
		break;
	default:
		call_play(c, record);
		break;
	}
}

/* ---- the beginning -------------------------------------------------------------------------- */

/* The dialplan may name the menu to begin with: agi://host/report. */
static const struct menu *
first_menu(struct call *c)
{
	const struct settings *s = call_settings(c);
	const char *script = call_environment(c)->script;
	char name[64];
	size_t len = strcspn(script, "?");
	const struct menu *named = NULL;

	if (len > 0 && len < sizeof(name)) {
		memcpy(name, script, len);
		name[len] = '\0';
		named = menu_find(&s->menus, name);
	}
	if (named != NULL)
		return named;
	if (call_talk(c)->elder && s->elder_menu[0] != '\0')
		return menu_find(&s->menus, s->elder_menu);
	return menu_of(c, "root");
}

static void
begin_menus(struct call *c)
{
	enter(c, first_menu(c));
}

static void
on_solved_key(struct call *c, char key)
{
	struct talk *t = call_talk(c);
	char text[40];

	if (key == '1' || key == '2') {
		snprintf(text, sizeof(text), "%" PRId64 " %c", t->asked, key);
		call_answer(c, text);
		call_say(c, key == '1' ? "thanks_yes" : "thanks_no");
	}
	/* everything else is no answer: it is asked by text too, and at the next call */
	begin_menus(c);
}

/* We asked whether it is solved; who rings can say so at once. */
static void
ask_solved(struct call *c)
{
	struct talk *t = call_talk(c);

	call_say(c, "case_about");
	say_category(c, t->asked_category);
	call_say(c, "case_number");
	call_say_number(c, t->asked);
	call_say(c, "ask_solved ask_keys");
	call_ask(c, "solved", call_settings(c)->first_key_ms, on_solved_key);
}

static void
start(struct call *c)
{
	struct talk *t = call_talk(c);

	if (t->asked != 0 && !t->elder)
		ask_solved(c);
	else
		begin_menus(c);
}

static void choose_language(struct call *c);

static void
on_language_key(struct call *c, char key)
{
	const struct settings *s = call_settings(c);
	struct talk *t = call_talk(c);

	if (key >= '1' && key < '1' + s->language_count) {
		call_set_language(c, key - '1', true);
		start(c);
	} else if (key == '0' && menu_of(c, "person") != NULL) {
		enter(c, menu_of(c, "person"));
	} else if (++t->tries < 2) {
		choose_language(c);
	} else {
		/* the first, which is not remembered: he has chosen nothing */
		start(c);
	}
}

/* Each language is offered in its own. */
static void
choose_language(struct call *c)
{
	for (int i = 0; i < call_settings(c)->language_count; i++)
		call_say_in(c, i, "choose");
	call_ask(c, "language", call_settings(c)->first_key_ms, on_language_key);
}

static void
on_caller(struct call *c, const char *lines)
{
	struct talk *t = call_talk(c);
	bool known_elder;

	if (lines != NULL)
		read_caller(c, lines);
	if (t->language >= 0)
		call_set_language(c, t->language, false);
	known_elder = t->elder && call_settings(c)->elder_menu[0] != '\0';
	if (t->language < 0 && call_settings(c)->language_count > 1 && !known_elder)
		choose_language(c);
	else
		start(c);
}

static void
look_for_caller(struct call *c)
{
	call_look(c, "caller", call_phone(c), "", on_caller);
}

void
talk_begin(struct call *c)
{
	call_say(c, "welcome");
	call_play(c, look_for_caller);
}

void
talk_time_over(struct call *c)
{
	call_say(c, "time_over");
	call_play(c, good_bye);
}
