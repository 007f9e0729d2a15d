/* SPDX-License-Identifier: BSD-2-Clause */
/* The one clock of a process. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define PG_EPOCH_US INT64_C(946684800000000)

static struct {
	bool active;
	int64_t start_us;
	int64_t mono_us;
	double speed;
} simulated;

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_now(void)
{
	if (!simulated.active)
		return read_clock(CLOCK_REALTIME);
	return simulated.start_us +
	       (int64_t)((double)(clock_mono_us() - simulated.mono_us) * simulated.speed);
}

void
clock_simulate(int64_t start_us, double speed)
{
	simulated.active = true;
	simulated.start_us = start_us;
	simulated.mono_us = clock_mono_us();
	simulated.speed = speed;
}

bool
clock_simulated(void)
{
	return simulated.active;
}

double
clock_speed(void)
{
	return simulated.active ? simulated.speed : 1;
}

void
clock_step(int64_t at_us)
{
	if (simulated.active && simulated.speed <= 0)
		simulated.start_us = at_us;
}

void
clock_format(int64_t at_us, char *out)
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm tm;
	size_t n;

	if (at_us % 1000000 < 0)
		seconds--;
	gmtime_r(&seconds, &tm);
	n = strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_TEXT - n, ".%06dZ", (int)(at_us - (int64_t)seconds * 1000000));
}

int64_t
clock_to_pg(int64_t at_us)
{
	return at_us - PG_EPOCH_US;
}

int64_t
clock_from_pg(int64_t pg_us)
{
	return pg_us + PG_EPOCH_US;
}
