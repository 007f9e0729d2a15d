/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

struct role_kind;

/* Reads the command line and becomes the supervisor, a role, or a check of the settings. Returns
 * the exit code. */
int command_main(int argc, char **argv, const struct role_kind *kinds);
