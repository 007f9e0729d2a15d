/* SPDX-License-Identifier: BSD-2-Clause */
/* From the disk into the database. */
#include "intake.h"

#include "../common/bytes.h"
#include "settings.h"
#include "spool.h"
#include "sweep.h"
#include "worker.h"

#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	FILE_MAX = 25 << 20,
	AGAIN_MS = 2000,
	SWEEP_MS = 15000,
	RESEND_S = 30 * 86400, /* how long a report may lie here and still be told from a new one */
};

#define ANSWER "{\"call\":\"answer\""

struct intake {
	struct channel *channel;
	const struct settings *settings;
	struct spool *spool;
	struct worker *worker;
	struct channel_submission *submission; /* of what is in hand */
	struct spool_report hand;
	bool fetching, stopping;
	int64_t born_s;
	struct event *again, *sweep;
	void (*on_idle)(void *arg);
	void *arg;
};

struct intake_ticket {
	struct worker_job job;
	struct intake *intake;
	struct spool_report report;
	char *kind, *silent_kind, *details;
	int level;
	int64_t speech_ms;
	/* the end */
	struct wav wav;
	enum intake_end end;
	intake_fn *done;
	void *arg;
};

struct fetch {
	struct worker_job job;
	struct intake *intake;
	bool found, there; /* the recording is */
	struct spool_report report;
	char *data;
	size_t len;
};

struct settle {
	struct worker_job job;
	struct intake *intake;
	struct spool_report report;
	bool refused, forbidden;
};

static void pump(struct intake *in);

static void
soon(struct event *ev, int64_t ms)
{
	event_add(ev, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
}

static void
idle_maybe(struct intake *in)
{
	if (intake_is_idle(in))
		in->on_idle(in->arg);
}

/* ---- onto the disk -------------------------------------------------------------------------- */

static char *
copy(const char *s)
{
	return bytes_dup(s, strlen(s));
}

/* The whole file, or as much of it as an attachment may be. */
static char *
load(const char *path, size_t *len)
{
	int fd = path[0] != '\0' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat st;
	char *data = NULL;
	ssize_t n;

	*len = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		size_t size = st.st_size < FILE_MAX ? (size_t)st.st_size : FILE_MAX;
		data = bytes_alloc(size + 1, 1);
		while (*len < size && (n = read(fd, data + *len, size - *len)) > 0)
			*len += (size_t)n;
	}
	close(fd);
	return data;
}

static void
work_put(struct worker_job *job)
{
	struct intake_ticket *t = (struct intake_ticket *)job;
	const char *kind = t->kind;
	struct bytes protocol = { 0 };
	size_t len;
	char *data = load(t->report.file, &len);

	if (data != NULL)
		wav_measure(data, len, t->level, &t->wav);
	free(data);
	if (t->report.file[0] != '\0' && t->wav.speech_ms < t->speech_ms) {
		kind = t->silent_kind;
		if (kind == NULL) {
			unlink(t->report.file);
			t->end = INTAKE_SILENT;
			return;
		}
	}
	bytes_printf(&protocol, "{\"call\":\"%s\"%s", kind, t->details);
	if (t->report.file[0] != '\0')
		bytes_printf(&protocol, ",\"duration_ms\":%" PRId64 ",\"speech_ms\":%" PRId64,
		    t->wav.duration_ms, t->wav.speech_ms);
	bytes_add_byte(&protocol, '}');
	free(t->report.protocol);
	t->report.protocol = protocol.data;
	t->end = spool_put(t->intake->spool, &t->report) == SPOOL_OK ? INTAKE_KEPT : INTAKE_LOST;
}

static void
done_put(struct worker_job *job)
{
	struct intake_ticket *t = (struct intake_ticket *)job;
	struct intake *in = t->intake;

	if (!job->dropped) {
		if (t->end == INTAKE_LOST) {
			channel_count(in->channel, "lost", 1);
			channel_alarm(in->channel, NULL, "spool", true,
			    "a report could not be put on the disk: it is full, or spool_limit is "
			    "reached");
		} else {
			channel_alarm(in->channel, NULL, "spool", false, NULL);
		}
		if (t->done != NULL)
			t->done(t->arg, t->end, &t->wav);
		pump(in);
		idle_maybe(in);
	}
	spool_report_clear(&t->report);
	free(t->kind);
	free(t->silent_kind);
	free(t->details);
	free(t);
}

struct intake_ticket *
intake_put(struct intake *in, const struct intake_report *r, intake_fn *done, void *arg)
{
	struct intake_ticket *t = bytes_alloc(1, sizeof(*t));

	*t = (struct intake_ticket){
		.job = { .work = work_put, .done = done_put },
		.intake = in,
		.report = { .reference = copy(r->reference),
		    .source = copy(r->source),
		    .destination = copy(r->destination),
		    .raw = copy(r->raw),
		    .file = copy(r->file),
		    .flags = CHANNEL_SPOKEN },
		.kind = copy(r->kind),
		.silent_kind = r->silent_kind != NULL ? copy(r->silent_kind) : NULL,
		.details = copy(r->details),
		.level = in->settings->speech_level,
		.speech_ms = in->settings->speech_ms,
		.done = done,
		.arg = arg,
	};
	worker_run(in->worker, &t->job);
	return t;
}

void
intake_give_up(struct intake_ticket *t)
{
	t->done = NULL;
}

/* ---- from there into the database ----------------------------------------------------------- */

static void
work_settle(struct worker_job *job)
{
	struct settle *s = (struct settle *)job;

	if (s->refused)
		spool_refused(s->intake->spool, s->report.id);
	else
		s->forbidden = !spool_done(s->intake->spool, &s->report);
}

static void
done_settle(struct worker_job *job)
{
	struct settle *s = (struct settle *)job;
	struct intake *in = s->intake;

	if (!job->dropped) {
		channel_alarm(in->channel, NULL, "recordings", s->forbidden,
		    "we may not delete in the folder recordings, which will fill the disk: let our "
		    "user "
		    "write there");
		in->fetching = false;
		pump(in);
		idle_maybe(in);
	}
	spool_report_clear(&s->report);
	free(s);
}

static void
on_submitted(void *arg, enum channel_outcome outcome, const char *reason)
{
	struct intake *in = arg;
	struct settle *s;

	in->submission = NULL;
	if (outcome == CHANNEL_LATER) {
		spool_report_clear(&in->hand);
		in->fetching = false;
		soon(in->again, AGAIN_MS);
		idle_maybe(in);
		return;
	}
	if (outcome == CHANNEL_REFUSED)
		channel_log(in->channel, CHANNEL_LOG_ERROR,
		    "report %s is refused by the database and stays in the spool: %s",
		    in->hand.reference, reason);
	s = bytes_alloc(1, sizeof(*s));
	*s = (struct settle){ .job = { .work = work_settle, .done = done_settle },
		.intake = in,
		.report = in->hand,
		.refused = outcome == CHANNEL_REFUSED };
	in->hand = (struct spool_report){ 0 };
	worker_run(in->worker, &s->job);
}

static void
submit(struct intake *in, const struct fetch *f)
{
	const struct spool_report *r = &in->hand;
	const char *name = strrchr(r->file, '/');
	/* an answer is read like a text of his; everything else has no words yet */
	bool words = strncmp(r->protocol, ANSWER, strlen(ANSWER)) == 0;
	struct channel_file file = { .name = name != NULL ? name + 1 : r->file,
		.type = "audio/x-wav",
		.data = f->data,
		.len = f->len };
	struct channel_report report = {
		.source = r->source,
		.destination = r->destination,
		.raw = r->raw,
		.raw_len = strlen(r->raw),
		.text = words ? r->raw : "",
		.text_len = words ? strlen(r->raw) : 0,
		.identity = r->reference,
		.identity_len = strlen(r->reference),
		.resend_s = RESEND_S,
		.files = &file,
		.file_count = f->data != NULL,
		.flags = r->flags,
		.protocol = r->protocol,
	};

	in->submission = channel_submit(in->channel, &report, on_submitted, in);
}

static void
work_fetch(struct worker_job *job)
{
	struct fetch *f = (struct fetch *)job;

	f->found = spool_next(f->intake->spool, &f->report);
	if (f->found)
		f->data = load(f->report.file, &f->len);
}

static void
done_fetch(struct worker_job *job)
{
	struct fetch *f = (struct fetch *)job;
	struct intake *in = f->intake;

	if (job->dropped || !f->found || !channel_may_submit(in->channel)) {
		spool_report_clear(&f->report);
		if (!job->dropped) {
			in->fetching = false;
			if (f->found)
				soon(in->again, AGAIN_MS);
			idle_maybe(in);
		}
	} else {
		in->hand = f->report;
		submit(in, f);
	}
	free(f->data);
	free(f);
}

/* One after the other, so that they come in the order in which they were said. */
static void
pump(struct intake *in)
{
	struct fetch *f;

	if (in->fetching || in->stopping)
		return;
	if (!channel_may_submit(in->channel)) {
		soon(in->again, AGAIN_MS);
		return;
	}
	in->fetching = true;
	f = bytes_alloc(1, sizeof(*f));
	*f = (struct fetch){ .job = { .work = work_fetch, .done = done_fetch }, .intake = in };
	worker_run(in->worker, &f->job);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

/* ---- sweeping ------------------------------------------------------------------------------- */

static void
on_swept(void *arg, size_t count)
{
	struct intake *in = arg;

	if (count > 0) {
		channel_log(in->channel, CHANNEL_LOG_INFO, "swept up %zu recordings", count);
		channel_count(in->channel, "swept", (int64_t)count);
		pump(in);
	}
	if (!in->stopping)
		soon(in->sweep,
		    in->settings->sweep_ms < SWEEP_MS ? in->settings->sweep_ms : SWEEP_MS);
	idle_maybe(in);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct intake *in = arg;
	/* a call of ours may still record */
	int64_t ours_ms = in->settings->sweep_ms + in->settings->record_ms + in->settings->call_ms;

	(void)fd;
	(void)what;
	if (in->stopping)
		return;
	sweep_run(in->worker, in->spool, in->settings, ours_ms, in->born_s, on_swept, in);
}

/* ---- life ----------------------------------------------------------------------------------- */

struct intake *
intake_new(struct channel *c, const struct settings *s, void (*on_idle)(void *arg), void *arg,
    struct channel_error *error)
{
	struct intake *in = bytes_alloc(1, sizeof(*in));
	char why[200] = "";

	in->spool = spool_open(s->spool, s->spool_limit, why, sizeof(why));
	if (in->spool == NULL) {
		channel_fail(error, "cannot open the spool %s: %s", s->spool, why);
		free(in);
		return NULL;
	}
	in->channel = c;
	in->settings = s;
	in->on_idle = on_idle;
	in->born_s = time(NULL);
	in->arg = arg;
	in->worker = worker_new(channel_loop(c));
	in->again = evtimer_new(channel_loop(c), on_again, in);
	in->sweep = evtimer_new(channel_loop(c), on_sweep, in);
	if (in->again == NULL || in->sweep == NULL)
		abort();
	soon(in->again, 0);
	soon(in->sweep, s->sweep_ms);
	return in;
}

void
intake_flow(struct intake *in, bool open)
{
	if (open)
		pump(in);
}

void
intake_stop(struct intake *in)
{
	in->stopping = true;
	event_del(in->again);
	event_del(in->sweep);
}

bool
intake_is_idle(const struct intake *in)
{
	return in->submission == NULL && worker_is_idle(in->worker);
}

void
intake_free(struct intake **intake)
{
	struct intake *in = *intake;

	*intake = NULL;
	if (in == NULL)
		return;
	worker_free(&in->worker);
	spool_report_clear(&in->hand);
	spool_close(&in->spool);
	event_free(in->again);
	event_free(in->sweep);
	free(in);
}
