/* SPDX-License-Identifier: BSD-2-Clause */
/* The menus. */
#include "menu.h"

#include "../common/bytes.h"

#include <stdlib.h>
#include <string.h>

#define KEYS "0123456789*#"

const struct channel_option menu_options[] = {
	{ "prompt", CHANNEL_STRING, "", 0, 0, NULL,
	    "What is said first: names of prompts, parted by blanks." },
	{ "action", CHANNEL_CHOICE, "keys", 0, 0,
	    "keys|report|wish|message|progress|number|language|person|end",
	    "What is done then: waiting for a key, recording, telling, handing over, ending." },
	{ "keys", CHANNEL_STRING, "", 0, 0, NULL,
	    "Where keys lead: KEY=MENU, parted by commas; 0 and * are added when they are not "
	    "given." },
	{ "next", CHANNEL_STRING, "", 0, 0, NULL,
	    "The menu after the action; empty: the call ends." },
	{ "category", CHANNEL_STRING, "", 0, 0, NULL,
	    "The category of what is recorded; empty: not known before it is written down." },
	{ "variable", CHANNEL_STRING, "person", 0, 0, NULL,
	    "With action person: what the dialplan finds in HAILAN_NEXT." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

/* What stands in hailan-ivr(7) and holds where the settings have no menu. */
static const struct menu own[] = {
	{ .name = "root",
	    .prompt = "root",
	    .keys = "1=report,2=wish,3=progress,4=language,0=person",
	    .action = MENU_KEYS },
	{ .name = "report", .prompt = "report", .action = MENU_REPORT, .next_name = "more" },
	{ .name = "wish", .prompt = "wish", .action = MENU_WISH, .next_name = "more" },
	{ .name = "progress", .prompt = "", .action = MENU_PROGRESS, .next_name = "after" },
	{ .name = "after",
	    .prompt = "after",
	    .keys = "1=number,2=message,9=end",
	    .action = MENU_KEYS },
	{ .name = "number", .prompt = "enter_number", .action = MENU_NUMBER, .next_name = "after" },
	{ .name = "message", .prompt = "message", .action = MENU_MESSAGE, .next_name = "more" },
	{ .name = "language", .prompt = "", .action = MENU_LANGUAGE, .next_name = "root" },
	{ .name = "person", .prompt = "person", .action = MENU_PERSON },
	{ .name = "lost", .prompt = "lost", .action = MENU_REPORT, .next_name = "end" },
	{ .name = "more", .prompt = "more", .keys = "1=root,9=end", .action = MENU_KEYS },
	{ .name = "end", .prompt = "goodbye", .action = MENU_END },
};

int
menu_key(char key)
{
	const char *at = key != '\0' ? strchr(KEYS, key) : NULL;

	return at != NULL ? (int)(at - KEYS) : -1;
}

const struct menu *
menu_find(const struct menus *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->list[i].name, name) == 0)
			return &m->list[i];
	return NULL;
}

static void
read_section(const struct channel *c, const struct channel_link *l, struct menu *m)
{
	*m = (struct menu){
		.name = channel_link_name(l),
		.section = l,
		.prompt = channel_get_string(c, l, "prompt"),
		.keys = channel_get_string(c, l, "keys"),
		.action = (enum menu_action)channel_get_integer(c, l, "action"),
		.next_name = channel_get_string(c, l, "next"),
		.category = channel_get_string(c, l, "category"),
		.variable = channel_get_string(c, l, "variable"),
	};
}

static void
fill(const struct channel *c, struct menus *out)
{
	size_t given = channel_menu_count(c);

	out->count = given > 0 ? given : sizeof(own) / sizeof(own[0]);
	out->list = bytes_alloc(out->count, sizeof(*out->list));
	for (size_t i = 0; i < out->count; i++) {
		struct menu *m = &out->list[i];
		if (given > 0) {
			read_section(c, channel_menu_at(c, i), m);
			continue;
		}
		*m = own[i];
		m->keys = m->keys != NULL ? m->keys : "";
		m->next_name = m->next_name != NULL ? m->next_name : "";
		m->category = "";
		m->variable = "person";
	}
}

/* ---- links between them --------------------------------------------------------------------- */

static bool
link_key(const struct channel *c, const struct menus *all, struct menu *m, const char *at,
    size_t len, struct channel_error *error)
{
	char name[64];
	int key = len > 0 ? menu_key(at[0]) : -1;

	if (key < 0 || len < 3 || at[1] != '=' || len - 2 >= sizeof(name))
		return channel_fail_at(c, m->section, "keys", error,
		    "menu %s: keys: \"%.*s\" is no KEY=MENU; expected one as 1=report", m->name,
		    (int)(len < 60 ? len : 60), at);
	memcpy(name, at + 2, len - 2);
	name[len - 2] = '\0';
	if (m->on_key[key] != NULL)
		return channel_fail_at(c, m->section, "keys", error,
		    "menu %s: keys: %c leads to two menus; leave one of them", m->name, at[0]);
	m->on_key[key] = menu_find(all, name);
	if (m->on_key[key] == NULL)
		return channel_fail_at(c, m->section, "keys", error,
		    "menu %s: keys: %c leads to \"%s\", which is no menu; add a section: menu %s { "
		    "… }",
		    m->name, at[0], name, name);
	return true;
}

static bool
link_one(
    const struct channel *c, const struct menus *all, struct menu *m, struct channel_error *error)
{
	const char *at = m->keys + strspn(m->keys, ", ");
	bool any = false;

	for (; *at != '\0'; at += strspn(at, ", ")) {
		size_t len = strcspn(at, ", ");
		if (!link_key(c, all, m, at, len, error))
			return false;
		any = true;
		at += len;
	}
	if (m->action == MENU_KEYS && !any)
		return channel_fail_at(c, m->section, "keys", error,
		    "menu %s is a dead end: it waits for a key and has none; give it keys, or "
		    "another "
		    "action",
		    m->name);
	if (m->action != MENU_KEYS && any)
		return channel_fail_at(c, m->section, "keys", error,
		    "menu %s: keys are only heard with action = keys; give it another menu as next",
		    m->name);
	if (m->next_name[0] == '\0')
		return true;
	m->next = menu_find(all, m->next_name);
	if (m->next == NULL)
		return channel_fail_at(c, m->section, "next", error,
		    "menu %s: next is \"%.60s\", which is no menu; add a section: menu %.60s { … }",
		    m->name, m->next_name, m->next_name);
	return true;
}

/* 0 reaches help everywhere, and * goes back: to the root, or says it again there. */
static void
add_keys(const struct menus *all, struct menu *m)
{
	static const struct {
		char key;
		const char *name;
	} added[] = { { '0', "person" }, { '*', "root" } };

	for (size_t i = 0; i < 2 && m->action == MENU_KEYS; i++) {
		const struct menu **to = &m->on_key[menu_key(added[i].key)];
		if (*to == NULL)
			*to = menu_find(all, added[i].name);
	}
}

/* ---- where one can come --------------------------------------------------------------------- */

static bool
leads_out(const struct menu *m)
{
	return m->action == MENU_PERSON || m->action == MENU_END ||
	       (m->action != MENU_KEYS && m->next == NULL);
}

static size_t
place(const struct menus *all, const struct menu *m)
{
	return (size_t)(m - all->list);
}

/* Spreads marks along the ways, with them or against them, until nothing changes. */
static void
spread(const struct menus *all, bool *marked, bool against)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < all->count; i++) {
			const struct menu *m = &all->list[i];
			for (int k = 0; k <= 12; k++) {
				const struct menu *to = k < 12 ? m->on_key[k] : m->next;
				size_t from, into;
				if (to == NULL)
					continue;
				from = against ? place(all, to) : i;
				into = against ? i : place(all, to);
				changed |= marked[from] && !marked[into];
				marked[into] |= marked[from];
			}
		}
	}
}

static bool
check_ways(const struct channel *c, const struct menus *all, struct channel_error *error)
{
	static const char *const begins[] = { "root", "lost", "person", "message", "report" };
	bool *out = bytes_alloc(all->count, sizeof(bool));
	bool *in = bytes_alloc(all->count, sizeof(bool));
	bool ok = true;

	for (size_t i = 0; i < all->count; i++) {
		out[i] = leads_out(&all->list[i]);
		for (size_t b = 0; b < sizeof(begins) / sizeof(begins[0]); b++)
			in[i] |= strcmp(all->list[i].name, begins[b]) == 0;
	}
	spread(all, out, true);
	spread(all, in, false);
	for (size_t i = 0; i < all->count && ok; i++) {
		const struct menu *m = &all->list[i];
		if (!out[i])
			ok = channel_fail_at(c, m->section, "keys", error,
			    "menu %s is a dead end: no key leads from it to an end or to a person; "
			    "let "
			    "one lead to a menu with action = person or end",
			    m->name);
		else if (!in[i])
			ok = channel_fail_at(c, m->section, "prompt", error,
			    "menu %s: no key leads to it; let one of another menu do so, or take "
			    "it "
			    "away",
			    m->name);
	}
	free(out);
	free(in);
	return ok;
}

bool
menus_read(const struct channel *c, struct menus *out, struct channel_error *error)
{
	static const char *const needed[] = { "root", "lost" };
	bool ok = true;

	fill(c, out);
	for (size_t i = 0; i < 2 && ok; i++)
		if (menu_find(out, needed[i]) == NULL)
			ok = channel_fail(error, "there are menus, but none is called %s; %s",
			    needed[i],
			    i == 0 ? "each call begins with it"
				   : "who presses nothing or a wrong key too often comes to it");
	for (size_t i = 0; i < out->count && ok; i++)
		ok = link_one(c, out, &out->list[i], error);
	for (size_t i = 0; i < out->count && ok; i++)
		add_keys(out, &out->list[i]);
	ok = ok && check_ways(c, out, error);
	if (ok && menu_find(out, "lost")->action == MENU_KEYS)
		ok = channel_fail_at(c, menu_find(out, "lost")->section, "action", error,
		    "menu lost waits for a key, and who comes to it presses none; let it record, "
		    "or hand "
		    "over to a person");
	if (!ok)
		menus_clear(out);
	return ok;
}

void
menus_clear(struct menus *m)
{
	free(m->list);
	*m = (struct menus){ 0 };
}

bool
menus_each_prompt(const struct menus *m, menu_prompt_fn *each, void *arg)
{
	for (size_t i = 0; i < m->count; i++) {
		const char *at = m->list[i].prompt + strspn(m->list[i].prompt, " ");
		for (; *at != '\0'; at += strspn(at, " ")) {
			size_t len = strcspn(at, " ");
			if (!each(arg, &m->list[i], at, len))
				return false;
			at += len;
		}
	}
	return true;
}
