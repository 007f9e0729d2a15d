/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads a plugin's shared object, and says in one line what is wrong with it. */
#include "channel/loader.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "channel/channel.h"
#include "channel/options.h"

static const struct channel_plugin *
refuse(const char *file, struct channel_error *error)
{
	struct channel_error why = *error;

	channel_fail(error, "plugin %s: %.400s", file, why.text);
	return NULL;
}

static const struct channel_plugin *
check(const char *file, const struct channel_plugin *p, struct channel_error *error)
{
	if (p->abi != CHANNEL_ABI) {
		channel_fail(error,
		    "it was built for ABI %u and this hailand has ABI %d; build it anew", p->abi,
		    CHANNEL_ABI);
		return refuse(file, error);
	}
	if (p->name == NULL || p->version == NULL || p->summary == NULL || p->start == NULL ||
	    p->stop == NULL || p->free == NULL) {
		channel_fail(error, "its table lacks name, version, summary, start, stop or free");
		return refuse(file, error);
	}
	if (!options_table_ok(p->options, options_of_channels, error) ||
	    !options_table_ok(p->link_options, options_of_links, error) ||
	    !options_table_ok(p->menu_options, options_of_menus, error))
		return refuse(file, error);
	return p;
}

const struct channel_plugin *
loader_open(const char *name, const char *dir, struct channel_error *error)
{
	char *file = strchr(name, '/') != NULL ? xstrdup(name) : xasprintf("%s/%s.so", dir, name);
	const struct channel_plugin *p;
	void *handle;

	handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	p = handle != NULL ? dlsym(handle, "channel_plugin") : NULL;
	if (handle == NULL) {
		channel_fail(error,
		    access(file, F_OK) != 0
			? "there is no such file; see plugin_dir, or install the plugin"
			: "%s",
		    dlerror());
		p = refuse(file, error);
	} else if (p == NULL) {
		channel_fail(error, "it has no symbol channel_plugin; is it a channel plugin?");
		p = refuse(file, error);
	} else {
		p = check(file, p, error);
	}
	free(file);
	return p;
}
