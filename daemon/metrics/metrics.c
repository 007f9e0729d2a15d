/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of metrics, and the memory in which they stand. */
#include "metrics/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define COUNTER METRIC_COUNTER
#define GAUGE METRIC_GAUGE

const struct metric_info metric_table[METRICS] = {
	[METRIC_ROLE_UP] = { "role_up", NULL, NULL, GAUGE, NULL, 1,
	    "Whether the process is ready and works." },
	[METRIC_ROLE_RESTARTS] = { "role_restarts_total", NULL, NULL, COUNTER, NULL, 1,
	    "How often the process was started anew." },
	[METRIC_ROLE_SINCE] = { "role_state_since_seconds", NULL, NULL, GAUGE, NULL, 1e-6,
	    "When the process came into the state that it has, in seconds since 1970." },
	[METRIC_ERRORS] = { "log_lines_total", "level=\"error\"", NULL, COUNTER, NULL, 1,
	    "Lines in the log; a person must act upon an error." },
	[METRIC_WARNINGS] = { "log_lines_total", "level=\"warning\"", NULL, COUNTER, NULL, 1, "" },
	[METRIC_DATABASE_UP] = { "database_up", NULL, NULL, GAUGE, "channel clerk timekeeper", 1,
	    "Whether the process has its connections to PostgreSQL." },
	[METRIC_REPORTS_STORED] = { "reports_total", "outcome=\"stored\"", NULL, COUNTER, "channel",
	    1, "Reports that came in, and what became of them." },
	[METRIC_REPORTS_DUPLICATE] = { "reports_total", "outcome=\"duplicate\"", NULL, COUNTER,
	    "channel", 1, "" },
	[METRIC_REPORTS_REFUSED] = { "reports_total", "outcome=\"refused\"", NULL, COUNTER,
	    "channel", 1, "" },
	[METRIC_REPORTS_LATER] = { "reports_total", "outcome=\"later\"", NULL, COUNTER, "channel",
	    1, "" },
	[METRIC_BATCHES] = { "report_batches_total", NULL, NULL, COUNTER, "channel", 1,
	    "Transactions in which reports were stored." },
	[METRIC_INTAKE_OPEN] = { "intake_open", NULL, NULL, GAUGE, "channel", 1,
	    "Whether the channel takes reports; 0: peers are told to come later." },
	[METRIC_INTAKE_PENDING] = { "intake_pending", NULL, NULL, GAUGE, "channel", 1,
	    "Reports that are not committed yet." },
	[METRIC_INTAKE_BYTES] = { "intake_pending_bytes", NULL, NULL, GAUGE, "channel", 1,
	    "The memory that they take." },
	[METRIC_SENT_OK] = { "messages_sent_total", "outcome=\"ok\"", NULL, COUNTER, "channel", 1,
	    "Messages that were given to the peer, and what it said." },
	[METRIC_SENT_FAILED] = { "messages_sent_total", "outcome=\"failed\"", NULL, COUNTER,
	    "channel", 1, "" },
	[METRIC_SENT_RETRY] = { "messages_sent_total", "outcome=\"retry\"", NULL, COUNTER,
	    "channel", 1, "" },
	[METRIC_SENT_UNKNOWN] = { "messages_sent_total", "outcome=\"unknown\"", NULL, COUNTER,
	    "channel", 1, "" },
	[METRIC_SENDING] = { "messages_in_hand", NULL, NULL, GAUGE, "channel", 1,
	    "Messages that wait for the peer's answer." },
	[METRIC_RECEIPTS] = { "receipts_total", NULL, NULL, COUNTER, "channel", 1,
	    "Receipts that came in." },
	[METRIC_LINK_UP] = { "link_up", NULL, "link", GAUGE, "channel", 1,
	    "Whether the link is up." },
	[METRIC_THROTTLED] = { "link_throttled_total", NULL, "link", COUNTER, "channel", 1,
	    "How often the peer asked for less." },
	[METRIC_ALARMS] = { "alarms", NULL, NULL, GAUGE, "channel", 1,
	    "Alarms that are raised now." },
	[METRIC_PLUGIN] = { "plugin_events_total", NULL, "event", COUNTER, "channel", 1,
	    "What the channel's plugin counts; its manual page tells more." },
	[METRIC_VERDICTS] = { "messages_filed_total", NULL, "verdict", COUNTER, "clerk", 1,
	    "Messages that were understood and filed, by what they were." },
	[METRIC_SET_ASIDE] = { "messages_set_aside_total", NULL, NULL, COUNTER, "clerk", 1,
	    "Messages that could not be filed and wait for a person." },
	[METRIC_CLERK_IN_HAND] = { "clerk_in_hand", NULL, NULL, GAUGE, "clerk", 1,
	    "Messages that are claimed and not filed." },
	[METRIC_CLERK_LANES] = { "clerk_lanes", NULL, NULL, GAUGE, "clerk", 1,
	    "Of 64 lanes of senders, those that the clerk holds." },
	[METRIC_RUNG] = { "timers_rung_total", NULL, NULL, COUNTER, "timekeeper", 1,
	    "Timers that rang." },
	[METRIC_TOLD] = { "people_reminded_total", NULL, NULL, COUNTER, "timekeeper", 1,
	    "Slots of reminders that were sent to a person." },
	[METRIC_TIMER_LAG] = { "timer_lag_seconds", NULL, NULL, GAUGE, "timekeeper", 1e-6,
	    "How late the earliest timer of the last round rang." },
	[METRIC_CHORES] = { "chores_done_total", NULL, "chore", COUNTER, "timekeeper", 1,
	    "Rows that housekeeping has dealt with." },
	[METRIC_INBOX_WAITING] = { "inbox_waiting", NULL, NULL, GAUGE, "timekeeper", 1,
	    "Messages that wait for a clerk." },
	[METRIC_INBOX_OLDEST] = { "inbox_oldest_seconds", NULL, NULL, GAUGE, "timekeeper", 1e-3,
	    "How long the oldest of them has waited." },
	[METRIC_INBOX_STUCK] = { "inbox_stuck", NULL, NULL, GAUGE, "timekeeper", 1,
	    "Messages that were set aside and that nobody has dealt with." },
	[METRIC_OUTBOX_WAITING] = { "outbox_waiting", NULL, "channel", GAUGE, "timekeeper", 1,
	    "Messages that may be sent now and wait." },
	[METRIC_OUTBOX_OLDEST] = { "outbox_oldest_seconds", NULL, NULL, GAUGE, "timekeeper", 1e-3,
	    "How long ago the oldest of them might have been sent." },
	[METRIC_OUTBOX_IN_HAND] = { "outbox_in_hand", NULL, NULL, GAUGE, "timekeeper", 1,
	    "Messages that were handed to a channel and whose end is not known." },
	[METRIC_TIMERS_OVERDUE] = { "timers_overdue", NULL, NULL, GAUGE, "timekeeper", 1,
	    "Timers that should have rung." },
	[METRIC_CASES_RED] = { "cases_open", "light=\"red\"", NULL, GAUGE, "timekeeper", 1,
	    "Cases by their light." },
	[METRIC_CASES_YELLOW] = { "cases_open", "light=\"yellow\"", NULL, GAUGE, "timekeeper", 1,
	    "" },
	[METRIC_CASES_BLUE] = { "cases_open", "light=\"blue\"", NULL, GAUGE, "timekeeper", 1, "" },
};

const struct metric_histogram_info metric_histogram_table[HISTOGRAMS] = {
	[HISTOGRAM_ACKNOWLEDGE] = { "report_stored_seconds", "channel",
	    "From a report's coming in (deliver_sm) until the peer may be told that it is "
	    "stored." },
	[HISTOGRAM_COMMIT] = { "report_commit_seconds", "channel",
	    "How long the transaction of a batch of reports takes." },
	[HISTOGRAM_RESPONSE] = { "message_response_seconds", "channel",
	    "From giving a message to the peer (submit_sm) until its answer." },
	[HISTOGRAM_FILE] = { "message_filed_seconds", "clerk",
	    "From the claim of a message until it is filed." },
	[HISTOGRAM_RING] = { "timer_rung_seconds", "timekeeper",
	    "How late the earliest timer of each round rang." },
};

const int64_t metrics_bounds_us[METRICS_BOUNDS] = { 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000 };

_Static_assert(sizeof(struct metrics_slot) <= METRICS_SLOT_BYTES, "a slot is too small");
#define PAGE_BYTES ((size_t)METRICS_SLOTS * METRICS_SLOT_BYTES)

static struct metrics_slot own;
struct metrics_slot *metrics_slot = &own;

void
metrics_use(struct metrics_slot *slot)
{
	metrics_slot = slot;
	log_count_into(&slot->values[METRIC_ERRORS], &slot->values[METRIC_WARNINGS]);
}

int64_t *
metrics_labelled(enum metric m, const char *label)
{
	static int64_t nobodys;
	struct metrics_slot *s = metrics_slot;
	int64_t count = s->labelled_count;
	struct metrics_labelled *l;

	for (int64_t i = 0; i < count && i < METRICS_LABELLED; i++) {
		l = &s->labelled[i];
		if (l->metric == (int32_t)m && strncmp(l->label, label, METRICS_LABEL - 1) == 0)
			return &l->value;
	}
	if (count < 0 || count >= METRICS_LABELLED)
		return &nobodys;
	l = &s->labelled[count];
	l->metric = (int32_t)m;
	l->value = 0;
	snprintf(l->label, sizeof(l->label), "%s", label);
	/* only now is it there for the reader */
	__atomic_store_n(&s->labelled_count, count + 1, __ATOMIC_RELEASE);
	return &l->value;
}

static struct metrics_slot *
slot_at(void *page, unsigned i)
{
	return (struct metrics_slot *)(void *)((char *)page + (size_t)i * METRICS_SLOT_BYTES);
}

const struct metrics_slot *
metrics_at(const struct metrics_slot *page, unsigned i)
{
	return slot_at((void *)(uintptr_t)page, i);
}

/* ---- the supervisor ------------------------------------------------------------------------- */

int
metrics_create(struct metrics_slot **page)
{
	int fd = memfd_create("hailand-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *map = MAP_FAILED;

	*page = NULL;
	if (fd >= 0 && ftruncate(fd, (off_t)PAGE_BYTES) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		map = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		log_warning("supervisor: no memory for metrics: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*page = map;
	return fd;
}

void
metrics_destroy(int fd, struct metrics_slot **page)
{
	metrics_use(&own);
	if (*page != NULL)
		munmap(*page, PAGE_BYTES);
	*page = NULL;
	if (fd >= 0)
		close(fd);
}

static int
find(const void *page, const char *role)
{
	for (unsigned i = 0; i < METRICS_SLOTS; i++)
		if (strncmp(slot_at((void *)(uintptr_t)page, i)->role, role, METRICS_ROLE) == 0)
			return (int)i;
	return -1;
}

struct metrics_slot *
metrics_take(struct metrics_slot *page, const char *role)
{
	int i = page != NULL && strlen(role) < METRICS_ROLE ? find(page, role) : -1;

	if (page == NULL || strlen(role) >= METRICS_ROLE)
		return NULL;
	if (i < 0) {
		i = find(page, "");
		if (i < 0)
			return NULL;
		snprintf(slot_at(page, (unsigned)i)->role, METRICS_ROLE, "%s", role);
	}
	return slot_at(page, (unsigned)i);
}

void
metrics_give(struct metrics_slot *slot)
{
	if (slot != NULL)
		memset(slot, 0, sizeof(*slot));
}

/* ---- the others ----------------------------------------------------------------------------- */

static void *
map_at(int fd, off_t offset, size_t len, int protection)
{
	struct stat st;
	void *map = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)PAGE_BYTES)
		map = mmap(NULL, len, protection, MAP_SHARED, fd, offset);
	return map == MAP_FAILED ? NULL : map;
}

/* Only its own slot stays in the memory of a process: what breaks into it cannot change the numbers
 * of others. */
void
metrics_open(int fd, const char *role)
{
	void *page = map_at(fd, 0, PAGE_BYTES, PROT_READ), *slot;
	int i = page != NULL ? find(page, role) : -1;

	if (page != NULL)
		munmap(page, PAGE_BYTES);
	slot = i < 0 ? NULL
		     : map_at(fd, (off_t)i * METRICS_SLOT_BYTES, METRICS_SLOT_BYTES,
			   PROT_READ | PROT_WRITE);
	if (slot != NULL)
		metrics_use(slot);
	if (fd >= 0)
		close(fd);
}

const struct metrics_slot *
metrics_read(int fd)
{
	const struct metrics_slot *page = map_at(fd, 0, PAGE_BYTES, PROT_READ);

	if (fd >= 0)
		close(fd);
	return page;
}
