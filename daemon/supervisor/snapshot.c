/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings through a memfd. Writer and reader are the same binary, so the head is a plain struct.
 */
#include "supervisor/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "settings/settings.h"

#define SNAPSHOT_BYTES (16 * 1024 * 1024)

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

int
snapshot_write(const struct snapshot *snapshot, struct err *err)
{
	const unsigned seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct snapshot head = *snapshot;
	struct buffer bytes = { 0 };
	int fd = memfd_create("hailand-settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool ok;

	head.settings = NULL;
	buffer_add(&bytes, &head, sizeof(head));
	settings_pack(snapshot->settings, &bytes);
	ok = fd >= 0 && write_all(fd, bytes.data, bytes.len) && fcntl(fd, F_ADD_SEALS, seals) == 0;
	if (!ok) {
		err_set(err, "cannot hand settings over: memfd: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	explicit_bzero(bytes.data, bytes.len);
	buffer_clear(&bytes);
	return fd;
}

bool
snapshot_read(int fd, struct snapshot *out, struct err *err)
{
	struct stat st;
	const char *map;
	size_t len;
	bool ok;

	if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(*out) || st.st_size > SNAPSHOT_BYTES)
		return err_set(
		    err, "no settings from the supervisor; is --supervised given by hand?");
	len = (size_t)st.st_size;
	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, "no settings from the supervisor: %s", strerror(errno));
	memcpy(out, map, sizeof(*out));
	ok = settings_unpack(map + sizeof(*out), len - sizeof(*out), &out->settings);
	munmap((void *)(uintptr_t)map, len);
	return ok || err_set(err, "the settings from the supervisor are damaged");
}

void
snapshot_apply_clock(const struct snapshot *s)
{
	int64_t passed_us = clock_mono_us() - s->since_us;

	if (s->simulated)
		clock_simulate(s->start_us + (int64_t)((double)passed_us * s->speed), s->speed);
}
