/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every option of hailand's own. hailand.conf(5) and etc/hailand.conf are tested against this
 * table; an option is added here and there, and nowhere else.
 */
#include "settings/settings.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define GIB (INT64_C(1) << 30)

const struct setting setting_table[] = {
	/* top level */
	{ "", "log_level", SETTING_CHOICE, "info", 0, 0, "error|warning|info|debug",
	    "How much is written to the log." },
	{ "", "control_socket", SETTING_PATH, RUNSTATEDIR "/hailan/control.sock", 0, 0, NULL,
	    "The socket on which hailanctl speaks to the daemon." },
	{ "", "control_group", SETTING_STRING, "", 0, 0, NULL,
	    "The system group that may use the control socket, beside root and the daemon's own "
	    "user." },
	{ "", "user", SETTING_STRING, "", 0, 0, NULL,
	    "The system user that roles run as when the daemon was started as root." },
	{ "", "plugin_dir", SETTING_PATH, PLUGINDIR, 0, 0, NULL,
	    "The folder in which channel plugins lie." },
	{ "", "drain_timeout", SETTING_DURATION, "20s", 100, 10 * MINUTE, NULL,
	    "How long a role may take to finish what it has in hand before it is killed." },
	{ "", "watchdog_timeout", SETTING_DURATION, "30s", 500, 10 * MINUTE, NULL,
	    "A role that gives no sign of life for so long is aborted and started anew." },
	{ "", "start_timeout", SETTING_DURATION, "1min", 500, 10 * MINUTE, NULL,
	    "A role that is not ready after so long is no longer waited for at the start." },
	{ "", "restart_delay", SETTING_DURATION, "2s", 10, MINUTE, NULL,
	    "How long to wait before a role that ended is started anew; doubled each time." },
	{ "", "restart_delay_max", SETTING_DURATION, "1min", 10, HOUR, NULL,
	    "The longest such wait." },
	{ "", "restart_reset", SETTING_DURATION, "1min", 100, 24 * HOUR, NULL,
	    "A role that was up for so long begins with the shortest wait again." },
	{ "", "open_files", SETTING_INTEGER, "4096", 64, 1048576, NULL,
	    "How many files and sockets a role may have open." },
	{ "", "memory_limit", SETTING_SIZE, "0", 0, 1024 * GIB, NULL,
	    "How much address space a role may have; 0 is no limit." },

	{ "database", "conninfo", SETTING_STRING, "dbname=hailan host=/var/run/postgresql", 0, 0,
	    NULL,
	    "The connection string of libpq; hosts are folders or addresses, several if wanted." },

	{ "clerk", "count", SETTING_INTEGER, "1", 0, 64, NULL,
	    "How many clerks run on this machine." },
	{ "clerk", "batch", SETTING_INTEGER, "1000", 1, 5000, NULL,
	    "How many messages a clerk handles in one transaction at most." },
	{ "clerk", "database_user", SETTING_STRING, "", 0, 0, NULL,
	    "The PostgreSQL role that clerks log in as; empty: as the connection string says." },
	{ "clerk", "user", SETTING_STRING, "", 0, 0, NULL,
	    "The system user that clerks run as; empty: the one of the top level." },

	{ "timekeeper", "count", SETTING_INTEGER, "1", 0, 4, NULL,
	    "How many timekeepers run on this machine." },
	{ "timekeeper", "database_user", SETTING_STRING, "", 0, 0, NULL,
	    "The PostgreSQL role that the timekeeper logs in as; empty: as the connection string "
	    "says." },
	{ "timekeeper", "user", SETTING_STRING, "", 0, 0, NULL,
	    "The system user that the timekeeper runs as; empty: the one of the top level." },

	{ "metrics", "listen", SETTING_LISTEN, "", 0, 0, NULL,
	    "Where Prometheus may ask for numbers, such as 127.0.0.1:9464; empty: nowhere." },
	{ "metrics", "user", SETTING_STRING, "", 0, 0, NULL,
	    "The system user that the process for that runs as; empty: the one of the top level." },

	{ "channel", "plugin", SETTING_STRING, NULL, 0, 0, NULL,
	    "The plugin that speaks the channel's protocol: a name in plugin_dir, or a path." },
	{ "channel", "database_user", SETTING_STRING, "", 0, 0, NULL,
	    "The PostgreSQL role that the channel logs in as; empty: as the connection string "
	    "says." },
	{ "channel", "user", SETTING_STRING, "", 0, 0, NULL,
	    "The system user that the channel runs as; empty: the one of the top level." },
	{ "channel", "password_file", SETTING_PATH, "", 0, 0, NULL,
	    "A file whose first line becomes the plugin's option password; also in a link." },
	{ 0 },
};
