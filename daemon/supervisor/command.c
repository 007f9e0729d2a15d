/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of hailand(8). */
#include "supervisor/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/process.h"

#define SPEED_MAX 1e6

enum { OPTION_ROLE = 256, OPTION_SUPERVISED, OPTION_PRINT, OPTION_SIMULATE, OPTION_SPEED };

static const struct option options[] = {
	{ "file", required_argument, NULL, 'f' },
	{ "test", no_argument, NULL, 't' },
	{ "debug", no_argument, NULL, 'd' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "role", required_argument, NULL, OPTION_ROLE },
	{ "supervised", no_argument, NULL, OPTION_SUPERVISED },
	{ "print-options", no_argument, NULL, OPTION_PRINT },
	{ "simulate", required_argument, NULL, OPTION_SIMULATE },
	{ "speed", required_argument, NULL, OPTION_SPEED },
	{ 0 },
};

static const char help[] =
    "usage: hailand [-dt] [-f FILE] [--role ROLE] [--simulate TIME [--speed N]]\n"
    "\n"
    "  -f, --file FILE      settings, default " SYSCONFDIR "/hailand.conf\n"
    "  -t, --test           check settings and plugins, and end\n"
    "      --role ROLE      run one role here, in the foreground: clerk:N, timekeeper:N,\n"
    "                       channel:NAME\n"
    "  -d, --debug          log everything\n"
    "      --simulate TIME  begin at this time, like 2026-11-24T08:00:00Z; only with a\n"
    "                       database for tests\n"
    "      --speed N        let simulated time pass N times as fast, default 1\n"
    "      --print-options  list all options of the settings file\n"
    "  -V, --version        print the version\n"
    "  -h, --help           print this\n"
    "\n"
    "Signals: TERM and INT drain and end, HUP reloads the settings.\n"
    "Exit codes: 0 ended as asked, 64 wrong usage, 78 wrong settings, else sysexits.h(3).\n"
    "See hailand(8), hailand.conf(5), hailanctl(8).\n";

static int
usage_error(void)
{
	fprintf(stderr, "hailand: see hailand --help\n");
	return EX_USAGE;
}

/* One line for each option: SECTION.NAME TYPE DEFAULT RANGE HELP, parted by tabs. */
static void
print_options(void)
{
	for (const struct setting *s = setting_table; s->name != NULL; s++) {
		struct buffer range = { 0 };

		setting_print_range(s, &range);
		printf("%s%s%s\t%s\t%s\t%s\t%s\n", s->section, *s->section != '\0' ? "." : "",
		    s->name, setting_type_name(s->type), s->fallback != NULL ? s->fallback : "-",
		    range.len > 0 ? range.data : "", s->help);
		buffer_clear(&range);
	}
}

static bool
parse_time(const char *text, int64_t *at_us)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (end == NULL || (strcmp(end, "Z") != 0 && *end != '\0'))
		return false;
	*at_us = (int64_t)timegm(&tm) * 1000000;
	return true;
}

static bool
parse_speed(const char *text, double *speed)
{
	char *end;

	*speed = strtod(text, &end);
	return end != text && *end == '\0' && *speed >= 0 && *speed <= SPEED_MAX;
}

struct command {
	struct process process;
	bool test, speed_given, ended;
};

static bool
take_simulation(struct command *c, int option, const char *value)
{
	struct process *p = &c->process;

	if (option == OPTION_SPEED) {
		c->speed_given = true;
		if (parse_speed(value, &p->speed))
			return true;
		fprintf(
		    stderr, "hailand: --speed %s: expected a number from 0 to 1000000\n", value);
		return false;
	}
	p->simulated = true;
	if (parse_time(value, &p->start_us))
		return true;
	fprintf(stderr,
	    "hailand: --simulate %s: expected a time in UTC like 2026-11-24T08:00:00Z\n", value);
	return false;
}

/* False: wrong usage, already told. */
static bool
take(struct command *c, int option)
{
	switch (option) {
	case 'f':
		c->process.path = optarg;
		return true;
	case 't':
		c->test = true;
		return true;
	case 'd':
		c->process.level_given = true;
		c->process.log_level = LOG_LEVEL_DEBUG;
		return true;
	case 'V':
		puts("hailand " PACKAGE_VERSION);
		c->ended = true;
		return true;
	case 'h':
		fputs(help, stdout);
		c->ended = true;
		return true;
	case OPTION_PRINT:
		print_options();
		c->ended = true;
		return true;
	case OPTION_ROLE:
		c->process.role = optarg;
		return true;
	case OPTION_SUPERVISED:
		c->process.supervised = true;
		return true;
	case OPTION_SIMULATE:
	case OPTION_SPEED:
		return take_simulation(c, option, optarg);
	default:
		return false;
	}
}

static bool
fits(const struct command *c, int argc)
{
	const char *problem = NULL;

	if (optind < argc)
		problem = "no arguments are expected";
	else if (c->speed_given && !c->process.simulated)
		problem = "--speed needs --simulate";
	else if (c->process.supervised && c->process.role == NULL)
		problem = "--supervised is for the supervisor's own use";
	if (problem != NULL)
		fprintf(stderr, "hailand: %s\n", problem);
	return problem == NULL;
}

int
command_main(int argc, char **argv, const struct role_kind *kinds)
{
	struct command c = {
		.process = {
			.path = SYSCONFDIR "/hailand.conf",
			.kinds = kinds,
			.log_level = LOG_LEVEL_INFO,
			.since_us = clock_mono_us(),
			.speed = 1,
		},
	};
	int option;

	while (!c.ended && (option = getopt_long(argc, argv, "f:tdVh", options, NULL)) != -1) {
		if (!take(&c, option))
			return usage_error();
	}
	if (c.ended)
		return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	if (!fits(&c, argc))
		return usage_error();
	if (c.test)
		return check_main(&c.process);
	return c.process.role != NULL ? role_main(&c.process) : supervisor_main(&c.process);
}
