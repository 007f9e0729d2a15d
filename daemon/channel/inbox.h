/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Reports into the table inbox. The order of a sender holds, because his lane always takes the same
 * connection. Bounded in number and in bytes; at the bound the plugin is told to stop reading.
 */
#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct channel;
struct inbox;

struct inbox *inbox_new(struct channel *c);
/* Accepts NULL, sets NULL. */
void inbox_free(struct inbox **in);
size_t inbox_pending(const struct inbox *in);
bool inbox_open(const struct inbox *in);
/* Members of a JSON object. */
/* What is in hand, for the metrics. */
void inbox_count(const struct inbox *in);
void inbox_status(const struct inbox *in, struct buffer *json);
