/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Reads and checks a settings file in a process of its own: a plugin that is loaded for that can
 * crash or hang, and the supervisor neither parses nor loads anything itself.
 */
#include <stdbool.h>

struct checker;
struct event_base;
struct process;
struct settings;

/* settings is owned by the callee; NULL: errors has a line for each fault, lent. Never runs from
 * inside checker_start(). The checker is gone when it runs. */
typedef void checker_fn(void *arg, struct settings *settings, const char *errors);

/* deep: also what the roles check, which loads plugins. NULL when no process can be started, with
 * the reason in the log. */
struct checker *checker_start(
    struct event_base *base, const struct process *process, bool deep, checker_fn *done, void *arg);
/* done will not run. Accepts NULL, sets NULL. */
void checker_cancel(struct checker **checker);
