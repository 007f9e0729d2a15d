/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines in, lines out, and bounds on everything a client can do. */
#include "supervisor/control.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"

#define CLIENTS 16
#define BACKLOG 64
#define LINE_BYTES 256
#define IDLE_S 60

struct client {
	struct control *control; /* NULL: the slot is free */
	struct bufferevent *stream;
	struct control_request *request; /* under way, or NULL */
	bool ended;                      /* it sends no more, but waits for its answers */
};

struct control_request {
	struct client *client; /* NULL: it has gone */
};

struct control {
	char *path;
	struct evconnlistener *listener;
	const struct control_command *commands;
	void *arg;
	struct client clients[CLIENTS];
};

static void read_lines(struct client *client);

/* ---- clients --------------------------------------------------------------------------------- */

static void
client_close(struct client *client)
{
	if (client->request != NULL)
		client->request->client = NULL;
	bufferevent_free(client->stream);
	memset(client, 0, sizeof(*client));
}

/* The last answers, as far as the socket takes them at once. */
static void
client_flush(struct client *client)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);

	evbuffer_unfreeze(out, 1);
	(void)evbuffer_write(out, bufferevent_getfd(client->stream));
}

void
control_answer(struct control_request *request, const struct buffer *lines)
{
	struct client *client = request->client;

	free(request);
	if (client == NULL)
		return;
	client->request = NULL;
	bufferevent_write(client->stream, lines->data, lines->len);
	bufferevent_write(client->stream, "\n", 1);
	if (!client->ended)
		read_lines(client);
}

void
control_answer_result(struct control_request *request, const char *error)
{
	struct buffer lines = { 0 };

	buffer_printf(&lines, "{\"ok\":%s", error == NULL ? "true" : "false");
	if (error != NULL) {
		buffer_add_string(&lines, ",\"error\":");
		buffer_add_json(&lines, error, strlen(error));
	}
	buffer_add_string(&lines, "}\n");
	control_answer(request, &lines);
	buffer_clear(&lines);
}

static void
refuse(struct control_request *request, const struct control *control, const char *name)
{
	struct buffer text = { 0 };

	buffer_printf(&text, "no command \"%.40s\"; expected ", name);
	for (const struct control_command *c = control->commands; c->name != NULL; c++)
		buffer_printf(&text, "%s%s", c == control->commands ? "" : ", ", c->name);
	control_answer_result(request, text.data);
	buffer_clear(&text);
}

static void
run_command(struct client *client, char *line)
{
	struct control *control = client->control;
	struct control_request *request = xcalloc(1, sizeof(*request));
	char *argument = line + strcspn(line, " ");

	request->client = client;
	client->request = request;
	if (*argument != '\0')
		*argument++ = '\0';
	for (const struct control_command *c = control->commands; c->name != NULL; c++) {
		if (strcmp(c->name, line) != 0)
			continue;
		if (c->argument == (*argument != '\0'))
			c->run(control->arg, request, argument);
		else
			control_answer_result(
			    request, c->argument ? "an argument is missing; see hailand(8)"
						 : "this command takes no argument");
		return;
	}
	refuse(request, control, line);
}

/* One at a time: the next is read when the last was answered. */
static void
read_lines(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);
	char *line;

	while (client->control != NULL && client->request == NULL &&
	       (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		run_command(client, line);
		free(line);
	}
	if (client->control != NULL && client->request == NULL &&
	    evbuffer_get_length(in) >= LINE_BYTES) {
		log_warning(
		    "control: a client sent a line of more than %d bytes; closed", LINE_BYTES);
		client_close(client);
	}
}

static void
on_read(struct bufferevent *stream, void *arg)
{
	(void)stream;
	read_lines(arg);
}

static void
close_when_done(struct client *client)
{
	if (client->ended && client->request == NULL &&
	    evbuffer_get_length(bufferevent_get_output(client->stream)) == 0)
		client_close(client);
}

static void
on_written(struct bufferevent *stream, void *arg)
{
	(void)stream;
	close_when_done(arg);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	struct client *client = arg;

	(void)stream;
	if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_READING) != 0) {
		client->ended = true;
		bufferevent_disable(client->stream, EV_READ);
		close_when_done(client);
		return;
	}
	if ((what & BEV_EVENT_TIMEOUT) != 0 && client->request != NULL)
		bufferevent_enable(client->stream, EV_READ | EV_WRITE); /* it waits for us */
	else if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0)
		client_close(client);
}

static void
on_connect(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
    int length, void *arg)
{
	const struct timeval idle = { .tv_sec = IDLE_S };
	struct control *control = arg;

	(void)address;
	(void)length;
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->control != NULL)
			continue;
		client->control = control;
		client->stream = bufferevent_socket_new(
		    evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
		bufferevent_setcb(client->stream, on_read, on_written, on_event, client);
		bufferevent_setwatermark(client->stream, EV_READ, 0, LINE_BYTES);
		bufferevent_set_timeouts(client->stream, &idle, &idle);
		bufferevent_enable(client->stream, EV_READ | EV_WRITE);
		return;
	}
	log_warning("control: more than %d clients; refused", CLIENTS);
	close(fd);
}

/* ---- the socket ------------------------------------------------------------------------------ */

static bool
in_use(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool used =
	    fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
			   errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return used;
}

static bool
give_to_group(const char *path, const char *group, struct err *err)
{
	const struct group *gr;

	if (*group == '\0')
		return true;
	gr = getgrnam(group);
	if (gr == NULL)
		return err_set(err,
		    "no system group \"%s\"; create it or change the setting control_group", group);
	if (chown(path, (uid_t)-1, gr->gr_gid) != 0)
		return err_set(err, "cannot give %s to group %s: %s", path, group, strerror(errno));
	return true;
}

/* The folder that path lies in, and all above it. */
static bool
make_folder(const char *path, struct err *err)
{
	char *folder = xstrdup(path), *slash = folder;
	bool ok = true;

	while (ok && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		ok = mkdir(folder, 0755) == 0 || errno == EEXIST || errno == EROFS;
		if (!ok)
			err_set(err,
			    "cannot make the folder %s: %s; change the setting control_socket",
			    folder, strerror(errno));
		*slash = '/';
	}
	free(folder);
	return ok;
}

/* Bound with the mode it shall have; there is no moment in which others could connect. */
static int
bind_socket(const struct sockaddr_un *address, const char *group, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0117);
	bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	umask(before);
	if (!ok)
		err_set(err, "cannot bind %s: %s; change the setting control_socket",
		    address->sun_path, strerror(errno));
	if (ok && give_to_group(address->sun_path, group, err))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
open_socket(const char *path, const char *group, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		err_set(
		    err, "control_socket is longer than %zu bytes", sizeof(address.sun_path) - 1);
		return -1;
	}
	strcpy(address.sun_path, path);
	if (!make_folder(path, err))
		return -1;
	if (in_use(&address)) {
		err_set(err, "a daemon runs already with the control socket %s", path);
		return -1;
	}
	unlink(path);
	return bind_socket(&address, group, err);
}

bool
control_new(struct event_base *base, const char *path, const char *group,
    const struct control_command *commands, void *arg, struct control **out, struct err *err)
{
	struct control *control;
	int fd = open_socket(path, group, err);

	if (fd < 0)
		return false;
	control = xcalloc(1, sizeof(*control));
	control->path = xstrdup(path);
	control->commands = commands;
	control->arg = arg;
	control->listener = evconnlistener_new(
	    base, on_connect, control, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (control->listener == NULL) {
		close(fd);
		control_free(&control);
		return err_set(err, "cannot listen on %s: %s", path, strerror(errno));
	}
	*out = control;
	return true;
}

void
control_free(struct control **control)
{
	struct control *c = *control;

	if (c == NULL)
		return;
	for (size_t i = 0; i < CLIENTS; i++) {
		if (c->clients[i].control == NULL)
			continue;
		client_flush(&c->clients[i]);
		client_close(&c->clients[i]);
	}
	if (c->listener != NULL)
		evconnlistener_free(c->listener);
	unlink(c->path);
	free(c->path);
	free(c);
	*control = NULL;
}
