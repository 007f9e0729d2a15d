/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports have come. */
#include "channel/announce.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "database/database.h"
#include "embedded.h"

enum { CALL_TIMEOUT_MS = 20000 };

struct announce {
	struct database *db;
	struct database_call *call; /* under way */
	bool again;                 /* something was committed since */
};

struct announce *
announce_new(struct database *db)
{
	struct announce *a = xcalloc(1, sizeof(*a));

	a->db = db;
	return a;
}

void
announce_free(struct announce **a)
{
	if (*a == NULL)
		return;
	if ((*a)->call != NULL)
		database_call_cancel((*a)->call);
	free(*a);
	*a = NULL;
}

static void
on_announced(void *arg, const struct call_outcome *o)
{
	struct announce *a = arg;
	bool again = a->again;

	a->call = NULL;
	a->again = false;
	if (o->end != CALL_DONE)
		log_debug("channel: clerks not told error=\"%s\"", o->error);
	else if (again)
		announce(a);
}

void
announce(struct announce *a)
{
	if (a == NULL)
		return;
	if (a->call != NULL)
		a->again = true;
	else
		a->call = database_call(
		    a->db, &sql_inbox_announce, NULL, CALL_TIMEOUT_MS, on_announced, a);
}
