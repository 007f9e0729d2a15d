/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/*
 * The settings of one channel as they stand in the file, untyped: the settings module fills this
 * and knows nothing of plugins; the runtime types it, when the plugin is loaded and its options are
 * known. Everything is owned by the struct.
 *
 *	channel sms {                      name "sms"
 *		plugin = "smpp"            plugin
 *		database_user = "sms"      role
 *		rate = 50                  settings.list[0]
 *		link east {                links[0].name "east"
 *			host = "192.0.2.1" links[0].list[0]
 *		}
 *		menu root {                menus[0].name "root"
 *			keys = "1=report"  menus[0].list[0]
 *		}
 *	}
 */
struct channel_setting {
	char *key;
	char *value; /* as text, quotes removed; a list is joined by "," */
	int line;    /* 0: unknown */
};

/* The settings of the channel itself, or of one of its links or menus. */
struct channel_section {
	char *name; /* of the link or menu; NULL for the channel's own */
	int line;   /* of the section's beginning */
	struct channel_setting *list;
	size_t count;
};

struct channel_config {
	char *name;   /* [a-z][a-z0-9_]{0,30} */
	char *file;   /* where it stands, for messages */
	char *plugin; /* "smpp": PLUGINDIR/smpp.so; with a "/" in it: that file */
	char *role;   /* PostgreSQL role to log in as; NULL: what the connection string says */
	/* Everything but plugin and database_user. */
	struct channel_section settings;
	struct channel_section *links;
	size_t link_count;
	struct channel_section *menus;
	size_t menu_count;
};

/* All strings are copied; role may be NULL. */
struct channel_config *channel_config_new(
    const char *name, const char *file, int line, const char *plugin, const char *role);
/* Accepts NULL, sets NULL. */
void channel_config_free(struct channel_config **config);
/* Adds a setting to config->settings, to a link or to a menu. */
void
channel_config_set(struct channel_section *section, const char *key, const char *value, int line);
/* Adds a section; the pointer is valid until the next one is added. */
struct channel_section *
channel_config_add_link(struct channel_config *config, const char *name, int line);
struct channel_section *
channel_config_add_menu(struct channel_config *config, const char *name, int line);
