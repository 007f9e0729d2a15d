/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a message becomes: a case, a wish, an event on an open case, nothing; and who is told what.
 * Pure: it knows the message, the sender and the policy, and touches nothing but its result.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "clerk/policy.h"
#include "clerk/step.h"

struct message;
struct recent;
struct understand_scratch;

enum { DECISION_OUT_MAX = 6 };

enum decision_priority { PRIORITY_DANGER, PRIORITY_REPLY, PRIORITY_NOTICE, PRIORITY_CAMPAIGN };

/* A text to somebody. */
struct decision_out {
	enum template template;
	enum tongue tongue;
	enum decision_priority priority;
	const char *channel, *link, *source, *destination;
	const char *body;
	int64_t number;       /* 0: about none */
	int64_t not_after_us; /* 0: never too late */
};

/* What must be asked of the database before the decision can be finished. */
enum decision_look {
	LOOK_NOTHING,
	LOOK_NUMBER,  /* whether the sender may know of number: decide_number() goes on */
	LOOK_ABOUT,   /* what the case is that he was written to about: decide_about() goes on */
	LOOK_MESSAGE, /* which case the message look_id has become: decide_late_part() goes on */
};

struct decision {
	int64_t id;
	const char *verdict; /* a static name */
	const char *decoded; /* the text, where it was not stored yet; else NULL */

	bool spoken; /* it cannot be answered over its own channel */
	bool files;  /* a case or wish of its own */
	bool wish, urgent;
	int64_t number, person, entered_by; /* entered_by: the person who filed it for him; 0 */
	const char *phone, *category, *category2; /* categories "" none */
	int score;
	int32_t unit, place;
	enum tongue tongue;
	const char *text, *building, *entrance, *room, *landmark; /* "" unknown */
	int floor;                                                /* 0 unknown */

	struct step step; /* action NULL: nothing for the rules to do */

	int64_t event_number; /* 0: no event on an open case */
	const char *event_action, *event_reason;

	const char *contact; /* a number of which something was learnt, or NULL */
	enum tongue contact_tongue;
	int contact_campaigns; /* -1 as before, 0, 1 */

	struct decision_out out[DECISION_OUT_MAX];
	unsigned out_count;

	enum decision_look look;
	int64_t look_id;

	const char *source, *channel, *link, *destination; /* of the message */
	uint64_t text_hash;
};

struct decide_context {
	const struct policy *policy;
	struct recent *recent;
	struct understand_scratch *scratch;
	struct arena *arena; /* holds the strings of the decisions */
	int64_t now_us;
	/* Gives the next case number. */
	int64_t (*next_number)(void *arg);
	void *arg;
};

/* Decides. When d->look is set afterwards the matching function below must be called before the
 * decision is filed. */
void decide(struct decide_context *c, struct message *m, struct decision *d);

/* A number that the sender may know of, as the database tells. */
struct decide_known {
	bool found, wish;
	const char *category, *state; /* "" none */
	int32_t unit;
};
void decide_number(struct decide_context *c, const struct decide_known *known, struct decision *d);
void decide_about(struct decide_context *c, const struct decide_known *known, struct decision *d);

/* number: the case that the earlier parts have become; 0: none, so the part is filed alone. */
void decide_late_part(struct decide_context *c, int64_t number, struct decision *d);

/* The name of a state in words, "待接收"; the code itself when it is unknown. */
const char *decide_state_name(const char *state, enum tongue tongue);
