/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The timekeeper. It rings what is due (timekeeper/ringer.h) and keeps the house: long messages
 * whose parts do not come, what is too old to be sent, what need not be remembered, the months'
 * partitions. Any number may run.
 */
struct role;

/* The job "timekeeper" (supervisor/role.h). */
int timekeeper_role(struct role *role);
