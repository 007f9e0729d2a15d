/* SPDX-License-Identifier: BSD-2-Clause */
/* Speaks to the daemon's control socket (supervisor/control.h says how). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "ctl/ctl.h"

enum { ANSWER_S = 60, ANSWER_BYTES = 16 * 1024 * 1024 };

static int
connect_to(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = ANSWER_S };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		err_set(err, "control_socket %s is too long for a socket", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err_set(err, "cannot reach hailand at %s: %s%s", path, strerror(errno),
	    errno == ENOENT || errno == ECONNREFUSED ? "; is it running?" : "");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
write_all(int fd, const char *data, size_t len, struct err *err)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, "cannot write to hailand: %s", strerror(errno));
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
ended(const struct buffer *b)
{
	return (b->len == 1 && b->data[0] == '\n') ||
	       (b->len >= 2 && memcmp(b->data + b->len - 2, "\n\n", 2) == 0);
}

static bool
read_answer(int fd, struct buffer *answer, struct err *err)
{
	char piece[16384];

	while (!ended(answer)) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, "no answer from hailand: %s", strerror(errno));
		if (n == 0)
			return err_set(err, "hailand closed the control socket");
		buffer_add(answer, piece, (size_t)n);
		if (answer->len > ANSWER_BYTES)
			return err_set(err, "the answer of hailand has no end");
	}
	answer->data[--answer->len] = '\0';
	return true;
}

bool
ctl_ask_daemon(struct ctl *ctl, const char *command, struct buffer *answer, int *code)
{
	const char *path = ctl_control_socket(ctl, code);
	struct buffer line = { 0 };
	struct err err;
	bool ok;
	int fd;

	if (path == NULL)
		return false;
	fd = connect_to(path, &err);
	if (fd < 0) {
		*code = ctl_fail(ctl, EX_UNAVAILABLE, "%s", err.text);
		return false;
	}
	buffer_printf(&line, "%s\n", command);
	ok = write_all(fd, line.data, line.len, &err) && read_answer(fd, answer, &err);
	close(fd);
	buffer_clear(&line);
	if (!ok)
		*code = ctl_fail(ctl, EX_UNAVAILABLE, "%s", err.text);
	return ok;
}
