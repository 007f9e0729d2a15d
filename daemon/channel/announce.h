/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Tells the clerks that reports have come. Not from within the transaction that stores them: one
 * that notifies holds a lock of the whole cluster until it is on the disk, so that two connections
 * would store one after the other.
 */
struct announce;
struct database;

/* db is lent, and never one that stores reports. */
struct announce *announce_new(struct database *db);
/* Accepts NULL, sets NULL; before db is freed. */
void announce_free(struct announce **a);
/* Something was committed. One announcement is under way at a time and stands for all that was
 * committed before it; one that is lost is not repeated, because the clerks look now and then
 * without being told. Accepts NULL. */
void announce(struct announce *a);
