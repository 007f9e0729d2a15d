/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "channel/channel.h"

/*
 * The menus, as data: from the sections "menu" of the settings, or our own where there is none. A
 * menu says something (prompts) and then does what its action is: waits for a key, records, tells.
 */
enum menu_action {
	MENU_KEYS,     /* waits for a key */
	MENU_REPORT,   /* records a trouble */
	MENU_WISH,     /* records a wish */
	MENU_MESSAGE,  /* records a word for the grid worker */
	MENU_PROGRESS, /* tells how the caller's cases stand */
	MENU_NUMBER,   /* asks for the number of a case and tells how it stands */
	MENU_LANGUAGE, /* goes on in the next language */
	MENU_PERSON,   /* hands the call over to a person */
	MENU_END,      /* says good-bye */
};

struct menu {
	const char *name;
	const struct channel_link *section; /* NULL: our own */
	const char *prompt;                 /* names parted by blanks */
	const char *keys;                   /* "1=report,2=wish" */
	enum menu_action action;
	const char *next_name, *category, *variable;
	const struct menu *on_key[12]; /* 0…9, *, #; NULL: not there */
	const struct menu *next;       /* after the action; NULL: the end */
};

struct menus {
	struct menu *list;
	size_t count;
};

extern const struct channel_option menu_options[];

/* The place of '0'…'9', '*', '#'; -1: no key. */
int menu_key(char key);
const struct menu *menu_find(const struct menus *m, const char *name);

/* Reads and checks: every target is there, from every menu an end can be reached, every menu can be
 * reached. Strings are the channel's. */
bool menus_read(const struct channel *c, struct menus *out, struct channel_error *error);
void menus_clear(struct menus *m);

/* All prompts of all menus, one after the other: name is lent. False: it wants to stop. */
typedef bool menu_prompt_fn(void *arg, const struct menu *m, const char *name, size_t len);
bool menus_each_prompt(const struct menus *m, menu_prompt_fn *each, void *arg);
