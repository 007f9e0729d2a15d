/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes go to the page cache: nobody waits for a disk, and a crash may take them. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SMALL_BYTES = 1 << 20, FLUSH_BYTES = 1 << 18 };

void
spool_clear(struct spool *s)
{
	if (s->map != NULL)
		munmap((void *)(uintptr_t)s->map, s->written);
	if (s->fd > 0)
		close(s->fd);
	bytes_clear(&s->head);
	*s = (struct spool){ 0 };
}

size_t
spool_length(const struct spool *s)
{
	return s->written + s->head.len;
}

static bool
flush(struct spool *s)
{
	for (size_t at = 0; at < s->head.len;) {
		ssize_t n = write(s->fd, s->head.data + at, s->head.len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	s->written += s->head.len;
	s->head.len = 0;
	return true;
}

static int
open_file(const char *folder)
{
	struct bytes path = { 0 };
	int fd;

	bytes_printf(&path, "%s/hailan-mail-XXXXXX", folder);
	fd = mkostemp(path.data, O_CLOEXEC);
	if (fd >= 0)
		unlink(path.data);
	bytes_clear(&path);
	if (fd == 0) { /* which stands for none */
		fd = fcntl(0, F_DUPFD_CLOEXEC, 1);
		close(0);
	}
	return fd;
}

bool
spool_settle(struct spool *s, const char *folder)
{
	if (s->head.len <= (s->fd > 0 ? FLUSH_BYTES : SMALL_BYTES))
		return true;
	if (s->fd == 0 && (s->fd = open_file(folder)) < 0) {
		s->fd = 0;
		return false;
	}
	return flush(s);
}

bool
spool_end(struct spool *s)
{
	void *map;

	if (s->fd == 0)
		return true;
	if (!flush(s))
		return false;
	bytes_clear(&s->head);
	map = mmap(NULL, s->written, PROT_READ, MAP_SHARED, s->fd, 0);
	if (map == MAP_FAILED)
		return false;
	s->map = map;
	return true;
}

const char *
spool_bytes(const struct spool *s)
{
	return s->map != NULL ? s->map : bytes_string(&s->head);
}

bool
spool_usable(const char *folder)
{
	int fd = open_file(folder);

	if (fd > 0)
		close(fd);
	return fd > 0;
}
