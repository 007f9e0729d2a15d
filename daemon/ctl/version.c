/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl version. */
#include "base/buffer.h"
#include "ctl/ctl.h"
#include "embedded.h"

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct buffer out = { 0 };

	(void)argc;
	(void)argv;
	if (ctl_json(ctl))
		buffer_printf(&out, "{\"version\":\"%s\",\"schema\":%d}\n", PACKAGE_VERSION,
		    (int)sql_schema_version);
	else
		buffer_printf(
		    &out, "hailanctl %s, schema %d\n", PACKAGE_VERSION, (int)sql_schema_version);
	ctl_print(&out);
	buffer_clear(&out);
	return CTL_OK;
}

const struct ctl_command ctl_version = {
	.name = "version",
	.usage = "",
	.summary = "Prints the version of this program and of its schema",
	.help = "",
	.run = run,
};
