/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Receipts into the database, over the outbox's connection.
 */
#include <stdbool.h>
#include <stddef.h>

struct channel;
struct database;
struct receipts;

struct receipts *receipts_new(struct channel *c, struct database *db);
/* Accepts NULL, sets NULL. */
void receipts_free(struct receipts **r);
void receipts_database(struct receipts *r, bool up);
size_t receipts_pending(const struct receipts *r);
