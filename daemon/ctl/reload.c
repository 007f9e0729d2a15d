/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl reload, hailanctl check: the daemon reads its settings; faults are told line by line.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/json.h"

/* The first line says whether it was well, those behind it are faults. */
static int
tell(struct ctl *ctl, const struct buffer *answer, const char *fine)
{
	struct buffer out = { 0 };
	const char *line = answer->data;
	struct json *one;
	struct err err;
	int code = CTL_OK;

	while (*line != '\0') {
		size_t len = strcspn(line, "\n");

		if (!json_parse(line, len, &one, &err)) {
			buffer_clear(&out);
			return ctl_fail(ctl, EX_PROTOCOL, "hailand answered: %s", err.text);
		}
		if (strcmp(json_member_text(one, "ok"), "false") == 0) {
			code = CTL_NO;
			buffer_printf(&out, "refused: %s\n", json_member_text(one, "error"));
		}
		if (json_member(one, "fault") != NULL)
			buffer_printf(&out, "%s\n", json_member_text(one, "fault"));
		json_free(&one);
		line += len + (line[len] == '\n');
	}
	if (code == CTL_OK)
		buffer_printf(&out, "%s\n", fine);
	ctl_print(ctl_json(ctl) ? answer : &out);
	buffer_clear(&out);
	return code;
}

static int
ask(struct ctl *ctl, const char *command, const char *fine)
{
	struct buffer answer = { 0 };
	int code;

	if (ctl_ask_daemon(ctl, command, &answer, &code))
		code = tell(ctl, &answer, fine);
	buffer_clear(&answer);
	return code;
}

static int
run_reload(struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ask(ctl, "reload", "the settings are applied");
}

static int
run_check(struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ask(ctl, "check", "the settings are good; nothing was changed");
}

extern const struct ctl_command ctl_reload, ctl_check;

const struct ctl_command ctl_reload = {
	.name = "reload",
	.usage = "",
	.summary = "Makes the daemon read its settings anew and apply them",
	.help = "When anything in the file is wrong each fault is told with its line, nothing is\n"
		"changed, and the exit code is 1; or 78 when hailanctl, which looks there for the\n"
		"control socket, cannot read the file itself (-S names the socket instead).\n",
	.run = run_reload,
};

const struct ctl_command ctl_check = {
	.name = "check",
	.usage = "",
	.summary = "Makes the daemon check its settings file without applying it",
	.help =
	    "It is the file that the daemon was started with. Another one, or without a running\n"
	    "daemon: hailand -t -f FILE.\n",
	.run = run_check,
};
