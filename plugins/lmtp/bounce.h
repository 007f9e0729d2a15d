/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What an MTA says about a mail of ours that it could not deliver: in the form of RFC 3464, or in
 * words, as some write it beside X-Failed-Recipients.
 */
enum bounce_action {
	BOUNCE_NONE,    /* it says nothing of that kind */
	BOUNCE_FAILED,  /* for good */
	BOUNCE_DELAYED, /* it tries on */
	BOUNCE_FINE,    /* delivered, relayed, expanded */
};

struct bounce {
	enum bounce_action action;
	char status[16];  /* "5.1.1" (RFC 3463) */
	char detail[256]; /* what the last MTA said, printable ASCII; "" nothing */
};

/* The fields of a message/delivery-status: of the first recipient that failed, else of the first
 * that anything is said of. */
void bounce_read(const char *text, size_t len, struct bounce *out);
/* The words of one that has no such part. sure: it is one even if no code is in it. */
void bounce_read_words(const char *text, size_t len, bool sure, struct bounce *out);

/* The message of ours whose Message-ID, proven by its token, stands in text first; 0: none does. */
int64_t bounce_message(const char *text, size_t len, const char *secret);
