/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a message asks the rules in the database to do: a command of staff, a resident's answer to
 * something that we asked, the same trouble again. It is done in the transaction that files the
 * message (statement clerk_file_steps), and answered there.
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct claim;
struct command;
struct message;
struct plan;
struct understanding;

struct step {
	/* of case_action and wish_action; list, help; yes, no, digits; NULL: nothing */
	const char *action;
	int64_t number;     /* 0: the rules find out which */
	int days;           /* 0 none */
	const char *word;   /* a unit's name, another number, digits, a plan as JSON; "" none */
	const char *reason; /* "" none */
};

/* A command, but for those that file something for a resident. */
void step_from_command(
    struct arena *a, const struct message *m, const struct command *c, struct step *out);

/* Somebody comes to help, or cannot. */
void step_from_claim(struct arena *a, const struct message *m, const struct claim *c,
    const struct plan *plan, struct step *out);

/* A visit: its door as the text says it, the text itself, and the case that was filed with it or
 * that it names; 0 none. */
void step_from_visit(struct arena *a, const char *text, const struct understanding *u,
    int64_t number, struct step *out);

/* Whether a visit's text says that all is well, whatever it names. */
bool step_visit_is_calm(const char *text);

/* What else was said in a command, in one piece. */
const char *step_command_text(struct arena *a, const struct message *m, const struct command *c);

/* A text of somebody with whom something is open (m->dialog). False: it has nothing to do with it.
 * merged, closed: the number of a case of his of this sort that was merged into another one, or was
 * closed, when he asks after it; 0 none. */
bool step_from_dialog(struct arena *a, const struct message *m, const struct understanding *u,
    struct step *out, int64_t *merged, int64_t *closed);
