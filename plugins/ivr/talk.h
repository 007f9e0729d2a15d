/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What is talked about in a call: language, the question that is open, menus and what they do.
 */
struct call;
struct talk;

struct talk *talk_new(void);
/* Accepts NULL, sets NULL. */
void talk_free(struct talk **t);
/* The PBX has answered; everything else follows. */
void talk_begin(struct call *c);
/* The call has lasted too long. */
void talk_time_over(struct call *c);
