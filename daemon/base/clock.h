/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The one clock of a process. Nothing else reads the time of day: no rule, no statement and no
 * plugin calls time(), gettimeofday() or SQL's now(). Waits use clock_mono_ms().
 */

/* Microseconds since 1970-01-01 00:00 UTC, real or simulated. */
int64_t clock_now(void);

/* Milliseconds of a clock that never jumps and starts anywhere. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* From here on clock_now() starts at start_us and runs speed times as fast as the monotonic clock;
 * speed 0 stands still. For tests and simulations. */
void clock_simulate(int64_t start_us, double speed);
bool clock_simulated(void);
/* How fast simulated time runs; 1 when it is not simulated. */
double clock_speed(void);
/* Moves a simulated clock that stands still to this time; does nothing to another. */
void clock_step(int64_t at_us);

/* "2026-11-24T08:16:07.123456Z", the form that PostgreSQL reads as timestamptz. out holds at least
 * CLOCK_TEXT bytes. */
#define CLOCK_TEXT 32
void clock_format(int64_t at_us, char *out);

/* Microseconds since 2000-01-01 UTC, which is PostgreSQL's binary timestamptz, and back. */
int64_t clock_to_pg(int64_t at_us);
int64_t clock_from_pg(int64_t pg_us);
