/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Rings what is due: sleeps until the earliest timer or reminder, is woken by NOTIFY when an
 * earlier one appears, and looks by itself every five seconds. What it rings, the database does in
 * one transaction (timers_ring), so any number of ringers may run.
 *
 * Under simulated time it works through the deadlines in their order, each at its own moment,
 * however fast the time runs. Where that stands still (--speed 0) the ringer moves it: from
 * deadline to deadline, whenever nothing is left to be done, as far as hailanctl simulate says.
 */
#include <stdbool.h>

struct buffer;
struct database;
struct event_base;
struct ringer;

/* idle runs from the loop, after a call ended, when ringer_drain() was called before. db is lent
 * and must live as long; it is freed first, since its calls hold the ringer. */
struct ringer *
ringer_new(struct event_base *base, struct database *db, void (*idle)(void *arg), void *arg);
/* Accepts NULL, sets NULL. */
void ringer_free(struct ringer **r);
/* Looks at once, or as soon as the call under way has ended. */
void ringer_wake(struct ringer *r);
/* Nothing new is begun. */
void ringer_drain(struct ringer *r);
bool ringer_busy(const struct ringer *r);
/* Adds members of a JSON object: "rung":…,"told":…,"lag_ms":…,"next_at":…,"time":… */
void ringer_status(const struct ringer *r, struct buffer *json);
