/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Questions of plugins that talk with people (channel_look()): one statement each, whose function
 * in the database decides what a channel may be told.
 */
struct channel;
struct database;
struct looks;

/* db is the caller's and must outlive it. */
struct looks *looks_new(struct channel *c, struct database *db);
/* No done runs any more. Accepts NULL, sets NULL. */
void looks_free(struct looks **looks);
