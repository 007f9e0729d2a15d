/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's entry: the jobs that it has. The command line is read in supervisor/command.c. */
#include <stddef.h>

#include "channel/host.h"
#include "clerk/clerk.h"
#include "metrics/exporter.h"
#include "supervisor/command.h"
#include "supervisor/roles.h"
#include "timekeeper/timekeeper.h"

static const struct role_kind kinds[] = {
	{ .name = "channel", .run = channel_role, .check = channel_role_check, .titled = true },
	{ .name = "clerk", .run = clerk_role },
	{ .name = "timekeeper", .run = timekeeper_role },
	{ .name = "metrics", .run = exporter_role, .option = "listen", .reads_metrics = true },
	{ 0 },
};

int
main(int argc, char **argv)
{
	return command_main(argc, argv, kinds);
}
