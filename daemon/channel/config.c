/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of one channel, untyped. */
#include "channel/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct channel_config *
channel_config_new(
    const char *name, const char *file, int line, const char *plugin, const char *role)
{
	struct channel_config *config = xcalloc(1, sizeof(*config));

	config->name = xstrdup(name);
	config->file = xstrdup(file);
	config->plugin = xstrdup(plugin);
	config->role = role != NULL ? xstrdup(role) : NULL;
	config->settings.line = line;
	return config;
}

static void
section_clear(struct channel_section *section)
{
	for (size_t i = 0; i < section->count; i++) {
		free(section->list[i].key);
		free(section->list[i].value);
	}
	free(section->list);
	free(section->name);
	memset(section, 0, sizeof(*section));
}

void
channel_config_free(struct channel_config **config)
{
	struct channel_config *c = *config;

	if (c == NULL)
		return;
	section_clear(&c->settings);
	for (size_t i = 0; i < c->link_count; i++)
		section_clear(&c->links[i]);
	free(c->links);
	for (size_t i = 0; i < c->menu_count; i++)
		section_clear(&c->menus[i]);
	free(c->menus);
	free(c->name);
	free(c->file);
	free(c->plugin);
	free(c->role);
	free(c);
	*config = NULL;
}

void
channel_config_set(struct channel_section *section, const char *key, const char *value, int line)
{
	section->list = xreallocarray(section->list, section->count + 1, sizeof(*section->list));
	section->list[section->count++] =
	    (struct channel_setting){ xstrdup(key), xstrdup(value), line };
}

static struct channel_section *
add_section(struct channel_section **list, size_t *count, const char *name, int line)
{
	struct channel_section *section;

	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	section = &(*list)[(*count)++];
	*section = (struct channel_section){ .name = xstrdup(name), .line = line };
	return section;
}

struct channel_section *
channel_config_add_link(struct channel_config *config, const char *name, int line)
{
	return add_section(&config->links, &config->link_count, name, line);
}

struct channel_section *
channel_config_add_menu(struct channel_config *config, const char *name, int line)
{
	return add_section(&config->menus, &config->menu_count, name, line);
}
