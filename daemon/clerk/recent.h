/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What this clerk has just done, by sender: a case that was filed a moment ago may not be committed
 * yet when the sender's next message is decided. A bounded cache: what it has forgotten the
 * database knows, and it begins with what the database knows of the last ten minutes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recent;
struct result;

struct recent_case {
	int64_t number;
	int64_t at_us;
	uint64_t text_hash; /* recent_hash() of the text without its spaces */
	int32_t unit;
	char category[32];
	int32_t place;
	char building[16];
	bool wish;
};

struct recent *recent_new(void);
/* Accepts NULL, sets NULL. */
void recent_free(struct recent **r);

/* Forgets all: what was noted may not have been committed. */
void recent_forget(struct recent *r);
/* Notes the rows of sql/statements/clerk_recent.sql. */
void recent_read(struct recent *r, const struct result *rows);
void recent_note_case(struct recent *r, const char *source, const struct recent_case *c);
/* The newest case or wish of this sender with these words; NULL when there is none. */
const struct recent_case *
recent_same(const struct recent *r, const char *source, int64_t since_us, uint64_t text_hash);
/* The newest case of this sender, not older than since_us; NULL when it is not known. */
const struct recent_case *recent_find(const struct recent *r, const char *source, int64_t since_us);

/* True when this sender was not greeted within the last ten minutes; notes that he is now. */
bool recent_may_greet(struct recent *r, const char *source, int64_t now_us);

uint64_t recent_hash(const char *text, size_t len);
