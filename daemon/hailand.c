/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's entry: the jobs that it has. The command line is read in supervisor/command.c. */
#include <stddef.h>

#include "channel/host.h"
#include "clerk/clerk.h"
#include "supervisor/command.h"
#include "supervisor/roles.h"
#include "timekeeper/timekeeper.h"

static const struct role_kind kinds[] = {
	{ "channel", channel_role, channel_role_check, true },
	{ "clerk", clerk_role, NULL, false },
	{ "timekeeper", timekeeper_role, NULL, false },
	{ 0 },
};

int
main(int argc, char **argv)
{
	return command_main(argc, argv, kinds);
}
