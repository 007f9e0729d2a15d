/* SPDX-License-Identifier: BSD-2-Clause */
/* Executes this binary anew, clean: nothing is inherited but three standard descriptors and three.
 */
#include "supervisor/link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

/* Takes old out of the way of the fixed numbers. */
static int
lift(int old)
{
	return fcntl(old, F_DUPFD, LINK_METRICS_FD + 1);
}

void
link_exec(const char *role, int socket, int snapshot, int metrics)
{
	char program[] = "hailand", supervised[] = "--supervised", option[] = "--role";
	char *const argv[] = { program, supervised, option, strdupa(role), NULL };
	int null = open("/dev/null", O_RDONLY);

	socket = lift(socket);
	snapshot = lift(snapshot);
	metrics = lift(metrics);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(socket, LINK_FD) < 0 ||
	    dup2(snapshot, LINK_SNAPSHOT_FD) < 0 ||
	    (metrics < 0 ? close_range(LINK_METRICS_FD, LINK_METRICS_FD, 0)
			 : dup2(metrics, LINK_METRICS_FD)) < 0 ||
	    close_range(LINK_METRICS_FD + 1, ~0U, 0) != 0)
		log_error("supervisor: cannot prepare role=%s: %s", role, strerror(errno));
	execv("/proc/self/exe", argv);
	log_error("supervisor: cannot execute /proc/self/exe: %s", strerror(errno));
	_exit(EX_OSERR);
}
