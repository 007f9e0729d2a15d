/* SPDX-License-Identifier: BSD-2-Clause */
/* Recordings that nobody has told of. */
#include "sweep.h"

#include "../common/bytes.h"
#include "channel/channel.h"
#include "settings.h"
#include "spool.h"
#include "wav.h"
#include "worker.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 25 << 20, MOST = 1000 };

struct sweep {
	struct worker_job job;
	struct spool *spool;
	const struct settings *settings;
	int64_t ours_ms, born_s;
	size_t count;
	void (*done)(void *arg, size_t count);
	void *arg;
};

bool
sweep_parse(const char *name, struct sweep_name *out)
{
	static const char *const prefixes[] = { "fallback-", "call-" };
	size_t len = strlen(name), caller, id;

	*out = (struct sweep_name){ 0 };
	if (len < 4 || strcmp(name + len - 4, ".wav") != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		const char *at = name + strlen(prefixes[i]), *dash;
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) != 0)
			continue;
		dash = strchr(at, '-');
		if (dash == NULL)
			return false;
		caller = (size_t)(dash - at);
		id = (size_t)(name + len - 4 - dash - 1);
		if (caller >= sizeof(out->caller) || id == 0 || id >= sizeof(out->id) ||
		    strspn(dash + 1,
			"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_") < id)
			return false;
		memcpy(out->caller, at, caller);
		memcpy(out->id, dash + 1, id);
		out->ours = i == 1;
		return true;
	}
	return false;
}

/* Measures a file that did not grow for age_ms, or not for sweep_ms when it is older than we are;
 * false: it did, or is none. */
static bool
measure(const struct sweep *s, const char *path, int64_t age_ms, struct wav *wav)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct timespec now;
	struct stat st;
	size_t size, len = 0;
	char *data;
	ssize_t n;
	bool there;

	clock_gettime(CLOCK_REALTIME, &now);
	there = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (there && st.st_mtim.tv_sec <= s->born_s)
		age_ms = s->settings->sweep_ms; /* of no call that lives */
	if (!there ||
	    (now.tv_sec - st.st_mtim.tv_sec) * 1000 + (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000 <
		age_ms) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	size = st.st_size < FILE_MAX ? (size_t)st.st_size : FILE_MAX;
	data = bytes_alloc(size + 1, 1);
	while (len < size && (n = read(fd, data + len, size - len)) > 0)
		len += (size_t)n;
	close(fd);
	wav_measure(data, len, s->settings->speech_level, wav);
	free(data);
	return true;
}

static bool
put(const struct sweep *s, const char *path, const struct sweep_name *n, const struct wav *wav)
{
	struct spool_report r = { .file = bytes_dup(path, strlen(path)), .flags = CHANNEL_SPOKEN };
	struct bytes reference = { 0 }, protocol = { 0 };
	char phone[64];
	bool ok;

	settings_phone(s->settings, n->caller, phone);
	bytes_printf(&reference, "swept %s", n->id);
	bytes_printf(&protocol,
	    "{\"call\":\"%s\",\"id\":\"%s\",\"swept\":true,\"duration_ms\":%" PRId64
	    ",\"speech_ms\":%" PRId64 "}",
	    wav->speech_ms >= s->settings->speech_ms ? "report" : "callback", n->id,
	    wav->duration_ms, wav->speech_ms);
	r.reference = reference.data;
	r.source = bytes_dup(phone, strlen(phone));
	r.destination = bytes_dup("", 0);
	r.raw = bytes_dup("", 0);
	r.protocol = protocol.data;
	ok = spool_put(s->spool, &r) == SPOOL_OK;
	spool_report_clear(&r);
	return ok;
}

static void
look_at(struct sweep *s, const char *name)
{
	struct bytes path = { 0 };
	struct sweep_name n;
	struct wav wav;

	if (!sweep_parse(name, &n))
		return;
	bytes_printf(&path, "%s/%s", s->settings->recordings, name);
	if (!spool_knows_file(s->spool, path.data) &&
	    measure(s, path.data, n.ours ? s->ours_ms : s->settings->sweep_ms, &wav))
		s->count += put(s, path.data, &n, &wav);
	bytes_clear(&path);
}

static void
work(struct worker_job *job)
{
	struct sweep *s = (struct sweep *)job;
	DIR *dir = opendir(s->settings->recordings);
	struct dirent *e;

	while (dir != NULL && s->count < MOST && (e = readdir(dir)) != NULL)
		look_at(s, e->d_name);
	if (dir != NULL)
		closedir(dir);
}

static void
done(struct worker_job *job)
{
	struct sweep *s = (struct sweep *)job;

	if (!job->dropped)
		s->done(s->arg, s->count);
	free(s);
}

void
sweep_run(struct worker *w, struct spool *spool, const struct settings *settings, int64_t ours_ms,
    int64_t born_s, void (*on_done)(void *arg, size_t count), void *arg)
{
	struct sweep *s = bytes_alloc(1, sizeof(*s));

	*s = (struct sweep){ .job = { .work = work, .done = done },
		.spool = spool,
		.settings = settings,
		.ours_ms = ours_ms,
		.born_s = born_s,
		.done = on_done,
		.arg = arg };
	worker_run(w, &s->job);
}
