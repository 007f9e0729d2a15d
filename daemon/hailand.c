/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's entry: the jobs that it has. The command line is read in supervisor/command.c. */
#include <stddef.h>

#include "supervisor/command.h"
#include "supervisor/roles.h"

static const struct role_kind kinds[] = {
	{ 0 },
};

int
main(int argc, char **argv)
{
	return command_main(argc, argv, kinds);
}
