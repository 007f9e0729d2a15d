/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a process counts. Each process of the daemon has a slot of plain numbers in memory that the
 * supervisor made: the process writes, the exporter reads, and the numbers outlive the process, so
 * that a counter goes on where a crash left it. Counting is an addition in memory: no lock, no
 * system call; a number has one writer. Who was started without a supervisor counts for itself.
 *
 * A metric is a row of metric_table, by its place in enum metric. Rows of one name stand together:
 * they are one family, told apart by their label.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric {
	/* every role */
	METRIC_ROLE_UP, /* this one and the next two: written by the supervisor */
	METRIC_ROLE_RESTARTS,
	METRIC_ROLE_SINCE,
	METRIC_ERRORS,
	METRIC_WARNINGS,
	METRIC_DATABASE_UP,
	/* channels: what comes in */
	METRIC_REPORTS_STORED,
	METRIC_REPORTS_DUPLICATE,
	METRIC_REPORTS_REFUSED,
	METRIC_REPORTS_LATER,
	METRIC_BATCHES,
	METRIC_INTAKE_OPEN,
	METRIC_INTAKE_PENDING,
	METRIC_INTAKE_BYTES,
	/* channels: what goes out */
	METRIC_SENT_OK,
	METRIC_SENT_FAILED,
	METRIC_SENT_RETRY,
	METRIC_SENT_UNKNOWN,
	METRIC_SENDING,
	METRIC_RECEIPTS,
	METRIC_LINK_UP,   /* by link */
	METRIC_THROTTLED, /* by link */
	METRIC_ALARMS,
	METRIC_PLUGIN, /* by what the plugin counts */
	/* clerks */
	METRIC_VERDICTS, /* by verdict */
	METRIC_SET_ASIDE,
	METRIC_CLERK_IN_HAND,
	METRIC_CLERK_LANES,
	/* timekeepers */
	METRIC_RUNG,
	METRIC_TOLD,
	METRIC_TIMER_LAG,
	METRIC_CHORES, /* by chore */
	METRIC_INBOX_WAITING,
	METRIC_INBOX_OLDEST,
	METRIC_INBOX_STUCK,
	METRIC_OUTBOX_WAITING, /* by channel */
	METRIC_OUTBOX_OLDEST,
	METRIC_OUTBOX_IN_HAND,
	METRIC_TIMERS_OVERDUE,
	METRIC_CASES_RED,
	METRIC_CASES_YELLOW,
	METRIC_CASES_BLUE,
	METRICS,
};

enum metric_histogram {
	HISTOGRAM_ACKNOWLEDGE, /* a report comes in until its peer may be told that it is stored */
	HISTOGRAM_COMMIT,      /* of a batch of reports */
	HISTOGRAM_RESPONSE, /* a message is given to the plugin until it says what became of it */
	HISTOGRAM_FILE,     /* a batch is claimed until it is filed, for each message */
	HISTOGRAM_RING,     /* a timer is due until it has rung */
	HISTOGRAMS,
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric_info {
	const char *name;  /* without "hailan_" */
	const char *label; /* 'outcome="stored"', or NULL */
	const char *key;   /* the name of the label whose values come as they are met, or NULL */
	enum metric_kind kind;
	const char *role; /* the kind of role that has it; NULL: all */
	double scale;     /* what one of the stored number is */
	const char *help;
};
extern const struct metric_info metric_table[METRICS];

struct metric_histogram_info {
	const char *name, *role, *help;
};
extern const struct metric_histogram_info metric_histogram_table[HISTOGRAMS];

enum {
	METRICS_ROLE = 64,
	METRICS_BOUNDS = 15,
	METRICS_LABELLED = 128,
	METRICS_LABEL = 48,
	METRICS_SLOTS = 128,
	METRICS_SLOT_BYTES = 65536 /* whole pages on every machine; only what is touched is there */
};
/* The upper bounds of the buckets in microseconds; one more bucket has none. */
extern const int64_t metrics_bounds_us[METRICS_BOUNDS];

struct metrics_labelled {
	int32_t metric; /* enum metric; -1: free */
	char label[METRICS_LABEL];
	int64_t value;
};

struct metrics_slot {
	char role[METRICS_ROLE]; /* "": nobody's */
	int64_t values[METRICS];
	struct {
		int64_t buckets[METRICS_BOUNDS + 1];
		int64_t sum_us;
	} histograms[HISTOGRAMS];
	int64_t labelled_count;
	struct metrics_labelled labelled[METRICS_LABELLED];
};

/* The slot of this process; never NULL. */
extern struct metrics_slot *metrics_slot;

static inline void
metrics_add_to(int64_t *value, int64_t n)
{
	__atomic_store_n(value, *value + n, __ATOMIC_RELAXED);
}

static inline void
metrics_add(enum metric m, int64_t n)
{
	metrics_add_to(&metrics_slot->values[m], n);
}

static inline void
metrics_set(enum metric m, int64_t value)
{
	__atomic_store_n(&metrics_slot->values[m], value, __ATOMIC_RELAXED);
}

/* count times the same duration. */
static inline void
metrics_observe(enum metric_histogram h, int64_t us, int64_t count)
{
	unsigned i = 0;

	while (i < METRICS_BOUNDS && us > metrics_bounds_us[i])
		i++;
	metrics_add_to(&metrics_slot->histograms[h].buckets[i], count);
	metrics_add_to(&metrics_slot->histograms[h].sum_us, us * count);
}

/* The number of a metric with this value of its key, made when it is new; keep the pointer where it
 * is counted often. When there are too many, one that nobody reads. */
int64_t *metrics_labelled(enum metric m, const char *label);

/* ---- the memory: in the supervisor --------------------------------------------------------------
 */

/* A memfd of METRICS_SLOTS slots, close-on-exec, of fixed size; *page is where it lies. -1 and NULL
 * when there is none to be had, which is told in the log: then nobody counts. */
int metrics_create(struct metrics_slot **page);
void metrics_destroy(int fd, struct metrics_slot **page);
/* The slot with this name; made when there is room for it. NULL: there is none, or page is NULL. */
struct metrics_slot *metrics_take(struct metrics_slot *page, const char *role);
void metrics_give(struct metrics_slot *slot);
/* This process counts there from now on, also the lines of its log. */
void metrics_use(struct metrics_slot *slot);

/* ---- and in the others
 * --------------------------------------------------------------------------- */

/* Counts in the slot of that name from now on; closes fd. Without one it counts for itself. */
void metrics_open(int fd, const char *role);
/* All slots, to be read only; NULL when fd is none of ours. Closes fd. */
const struct metrics_slot *metrics_read(int fd);
const struct metrics_slot *metrics_at(const struct metrics_slot *page, unsigned i);
