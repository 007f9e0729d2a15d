/* SPDX-License-Identifier: BSD-2-Clause */
/* What does not differ between the supervisor and a role that is run by hand. */
#include "supervisor/process.h"

#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buffer.h"
#include "settings/settings.h"
#include "supervisor/roles.h"
#include "supervisor/snapshot.h"

void
process_snapshot(const struct process *process, struct settings *settings, struct snapshot *out)
{
	*out = (struct snapshot){
		.settings = settings,
		.log_level = process->level_given
				 ? process->log_level
				 : (enum log_level)settings_integer(settings, "", "log_level"),
		.supervisor = getpid(),
		.simulated = process->simulated,
		.start_us = process->start_us,
		.since_us = process->since_us,
		.speed = process->speed,
	};
}

pid_t
process_fork(void)
{
	sigset_t all, before, none;
	pid_t pid;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	for (int i = 1; pid == 0 && i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, pid == 0 ? &none : &before, NULL);
	return pid;
}

int
check_main(const struct process *process)
{
	struct settings *settings;
	struct buffer errors = { 0 };
	bool ok = settings_read(process->path, &settings, &errors) &&
		  roles_check(process->kinds, settings, NULL, NULL, &errors);

	if (ok)
		printf("%s: ok\n", process->path);
	else
		fwrite(errors.data, 1, errors.len, stdout);
	fflush(stdout);
	settings_free(&settings);
	buffer_clear(&errors);
	return ok ? EX_OK : EX_CONFIG;
}
