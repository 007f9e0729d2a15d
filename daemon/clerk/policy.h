/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What an administrator has decided, as the clerk uses it: words and places, categories, units with
 * the phones that get their notices, responsibilities, templates. Loaded as a whole from the
 * database, never changed afterwards; a reload makes another one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;
struct err;
struct lexicon;

enum tongue { TONGUE_ZH, TONGUE_KO, TONGUES };
const char *tongue_name(enum tongue t);
/* "ko" gives Korean, anything else Chinese. */
enum tongue tongue_parse(const char *name);

struct policy_category {
	char *code, *name[TONGUES];
	char *emergency; /* the number to ring in danger; "" none */
	int32_t department;
	bool urgent;
};

struct policy_unit {
	int32_t id, parent; /* parent 0: none */
	char *level;
	char *name[TONGUES]; /* as people say it: 天图社区 */
	char *phone;         /* of its office, as people dial it; "" none */
	char *contact;       /* the phone that gets its notices; "" nobody's */
	enum tongue contact_tongue;
};

/* Who is responsible. Empty conditions hold always; the first row that fits counts. */
struct policy_route {
	char *category; /* "" any */
	int32_t area;   /* 0 any; else the place must lie in this unit */
	int rural;      /* -1 any, 0 town, 1 village */
	int property;   /* -1 any, else whether the estate has a property company */
	int32_t unit;   /* 0: the unit of this level above the place */
	char *level;
};

struct policy_grid {
	int32_t community, grid; /* grid 0: none */
	int property;            /* of its estate; -1 not known */
	char *building;
};

enum template {
	TEMPLATE_CASE_FILED,
	TEMPLATE_CASE_UNCLEAR,
	TEMPLATE_CASE_DANGER,
	TEMPLATE_CASE_ADDED,
	TEMPLATE_WISH_FILED,
	TEMPLATE_PROGRESS,
	TEMPLATE_PROGRESS_NONE,
	TEMPLATE_PROGRESS_CLOSED,
	TEMPLATE_NUMBER_UNKNOWN,
	TEMPLATE_NUMBER_MISTYPED,
	TEMPLATE_OPTOUT_DONE,
	TEMPLATE_OPTIN_DONE,
	TEMPLATE_GREETING,
	TEMPLATE_NOTICE_CASE,
	TEMPLATE_NOTICE_DANGER,
	TEMPLATE_NOTICE_UNCLEAR,
	TEMPLATE_NOTICE_WISH,
	TEMPLATE_NOTICE_CHASED,
	TEMPLATE_NOTICE_ADDED,
	TEMPLATE_NOTICE_SAME,
	TEMPLATE_PART_MISSING,
	TEMPLATE_CALL_KEPT,
	TEMPLATE_CALL_MISSED,
	TEMPLATE_NOTICE_CALL,
	TEMPLATE_NOTICE_CALLBACK,
	TEMPLATES
};
const char *template_name(enum template t);

struct policy {
	int64_t version;
	struct lexicon *lexicon;
	struct policy_category *categories; /* by code */
	size_t category_count;
	struct policy_unit *units; /* by id */
	size_t unit_count;
	struct policy_route *routes; /* in the order in which they are tried */
	size_t route_count;
	struct policy_grid *grids; /* by community, then building */
	size_t grid_count;
	char *templates[TEMPLATES][TONGUES];
	char *signature; /* with its brackets; "" none */
	/* Where texts to phones and to addresses of mail go when what they are about came another
	 * way. */
	char *phone_channel, *mail_channel;
	char *landlines; /* pattern of fnmatch(3): phones that get no texts; "" none */
};

/* NULL when there is none. */
const struct policy_category *policy_category(const struct policy *p, const char *code);
const struct policy_unit *policy_unit(const struct policy *p, int64_t id);
/* The grid of a building, else NULL. */
const struct policy_unit *
policy_grid(const struct policy *p, int32_t community, const char *building);

/* Whether the building's estate has a property company: 1, 0, or -1 when it is not known. */
int policy_property(const struct policy *p, int32_t community, const char *building);

/* Whether a text can reach this address: no name, and no landline. */
bool policy_can_text(const struct policy *p, const char *address);

struct policy_load;
/* Runs once, from the loop: with the policy, which is the callee's (policy_free), or NULL and the
 * reason; transient tells that the database was away and nothing is wrong with the tables. */
typedef void policy_done_fn(void *arg, struct policy *policy, bool transient, const char *reason);
struct policy_load *policy_load_start(struct database *db, policy_done_fn *done, void *arg);
/* done will not run. Accepts NULL, sets NULL. */
void policy_load_cancel(struct policy_load **load);
/* Accepts NULL, sets NULL. */
void policy_free(struct policy **policy);

/* For building one by hand, in tests; strings are copied. */
struct policy *policy_new(void);
void policy_add_category(struct policy *p, const char *code, const char *zh, const char *ko,
    const char *emergency, int32_t department, bool urgent);
void policy_add_unit(struct policy *p, int32_t id, int32_t parent, const char *level,
    const char *zh, const char *ko, const char *contact, enum tongue contact_tongue);
/* Of the unit added last. */
void policy_set_phone(struct policy *p, const char *phone);
void policy_add_route(struct policy *p, const char *category, int32_t area, int rural, int32_t unit,
    const char *level);
void policy_add_grid(
    struct policy *p, int32_t community, const char *building, int32_t grid, int property);
/* Of the route added last. */
void policy_set_route_property(struct policy *p, int property);
void policy_set_template(struct policy *p, const char *name, enum tongue tongue, const char *body);
void policy_set_signature(struct policy *p, const char *signature);
void
policy_set_channels(struct policy *p, const char *phone, const char *mail); /* NULL: as before */
void policy_set_landlines(struct policy *p, const char *pattern);
/* Puts tables in order and checks that nothing is missing. The lexicon is the caller's to fill and
 * is compiled here. */
bool policy_finish(struct policy *p, struct err *err);
