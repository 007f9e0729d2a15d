/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's entry: reads the command line and becomes the supervisor or one role. */
#include <stdio.h>

int
main(void)
{
	puts("hailand");
	return 0;
}
