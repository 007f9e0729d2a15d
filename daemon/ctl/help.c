/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl help: the list of commands, or one of them, from their tables. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "ctl/ctl.h"

static void
add_options(struct buffer *out, const struct ctl_option *options)
{
	for (; options != NULL && options->name != NULL; options++) {
		struct buffer left = { 0 };

		if (options->letter != 0)
			buffer_printf(&left, "-%c, ", options->letter);
		buffer_printf(&left, "--%s", options->name);
		if (options->argument != NULL)
			buffer_printf(&left, " %s", options->argument);
		buffer_printf(out, "  %-24s %s\n", left.data, options->help);
		buffer_clear(&left);
	}
}

static void
add_option_json(struct buffer *out, const struct ctl_option *options, bool *first)
{
	for (; options != NULL && options->name != NULL; options++) {
		buffer_add_string(out, *first ? "" : ",");
		*first = false;
		buffer_printf(out, "{\"name\":\"%s\",\"letter\":", options->name);
		if (options->letter != 0)
			buffer_printf(out, "\"%c\"", options->letter);
		else
			buffer_add_string(out, "null");
		buffer_add_string(out, ",\"argument\":");
		if (options->argument != NULL)
			buffer_add_json(out, options->argument, strlen(options->argument));
		else
			buffer_add_string(out, "null");
		buffer_add_byte(out, '}');
	}
}

static void
add_command_json(struct buffer *out, const struct ctl_command *c)
{
	bool first = true;

	buffer_printf(out, "{\"name\":\"%s\",\"usage\":", c->name);
	buffer_add_json(out, c->usage, strlen(c->usage));
	buffer_add_string(out, ",\"summary\":");
	buffer_add_json(out, c->summary, strlen(c->summary));
	buffer_add_string(out, ",\"options\":[");
	add_option_json(out, c->options, &first);
	add_option_json(out, ctl_common_options, &first);
	buffer_add_string(out, "]}");
}

static void
add_list(struct buffer *out)
{
	buffer_add_string(out, "usage: hailanctl COMMAND [OPTION ...] [ARGUMENT ...]\n\n");
	for (unsigned i = 0; ctl_commands[i] != NULL; i++)
		buffer_printf(out, "  %-9s %s\n", ctl_commands[i]->name, ctl_commands[i]->summary);
	buffer_add_string(out, "\noptions of every command:\n");
	add_options(out, ctl_common_options);
	buffer_add_string(out,
	    "\nexit codes: 0 fine; 1 the answer is no, or something was refused; 64 wrong command\n"
	    "line; 69 daemon or database not reachable; 78 settings or schema are wrong.\n"
	    "\"hailanctl help COMMAND\" tells more, and so does the manual page hailanctl(8).\n");
}

static void
add_command(struct buffer *out, const struct ctl_command *c)
{
	buffer_printf(out, "usage: hailanctl %s %s\n\n%s.\n", c->name, c->usage, c->summary);
	if (c->help[0] != '\0')
		buffer_printf(out, "\n%s", c->help);
	if (c->options != NULL) {
		buffer_add_string(out, "\noptions:\n");
		add_options(out, c->options);
	}
	buffer_add_string(out, "\noptions of every command:\n");
	add_options(out, ctl_common_options);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct buffer out = { 0 };
	unsigned found = 0;

	if (argc == 0 && !ctl_json(ctl))
		add_list(&out);
	if (ctl_json(ctl))
		buffer_add_byte(&out, '[');
	for (unsigned i = 0; ctl_commands[i] != NULL; i++) {
		if (argc > 0 && strcmp(ctl_commands[i]->name, argv[0]) != 0)
			continue;
		if (ctl_json(ctl)) {
			buffer_add_string(&out, found > 0 ? ",\n " : "");
			add_command_json(&out, ctl_commands[i]);
		} else if (argc > 0) {
			add_command(&out, ctl_commands[i]);
		}
		found++;
	}
	if (ctl_json(ctl))
		buffer_add_string(&out, "]\n");
	if (found > 0)
		ctl_print(&out);
	buffer_clear(&out);
	return found > 0 ? CTL_OK : ctl_fail(ctl, EX_USAGE, "there is no command \"%s\"", argv[0]);
}

const struct ctl_command ctl_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "Tells what there is, or how a command is used",
	.help = "",
	.maximum = 1,
	.run = run,
};
