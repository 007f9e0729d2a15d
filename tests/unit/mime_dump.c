/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints what the mail in each file is to the lmtp plugin, for tests/unit/mime_corpus.sh. */
#include "channel/channel.h"
#include "plugins/lmtp/mime.h"

#include <stdio.h>
#include <stdlib.h>

static void
show(const struct mail *m)
{
	printf("subject: %s\nfrom: %s\n", m->subject, m->from);
	if (m->machine != NULL || m->bounce)
		printf("machine: %s%s\n", m->machine != NULL ? m->machine : "",
		    m->bounce ? " report" : "");
	if (m->flags != 0)
		printf("flags:%s%s%s\n", (m->flags & CHANNEL_DAMAGED) != 0 ? " damaged" : "",
		    (m->flags & CHANNEL_GUESSED) != 0 ? " guessed" : "",
		    (m->flags & CHANNEL_TRUNCATED) != 0 ? " truncated" : "");
	for (size_t i = 0; i < m->file_count; i++)
		printf("file: %s %zu %s\n", m->files[i].type, m->files[i].len, m->files[i].name);
	printf("text:\n%s\n", m->text);
}

static char *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *data = NULL;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	*len = (size_t)ftell(f);
	rewind(f);
	data = malloc(*len + 1);
	if (data == NULL || fread(data, 1, *len, f) != *len) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return data;
}

int
main(int argc, char **argv)
{
	const struct mail_limits limits = {
		.header = 262144, .parts = 200, .depth = 20, .text = 65000
	};

	mime_start();
	for (int i = 1; i < argc; i++) {
		struct mail m;
		const char *why;
		size_t len;
		char *data = read_file(argv[i], &len);

		if (mime_read(data, len, &limits, NULL, &m, &why)) {
			show(&m);
			mail_clear(&m);
		} else {
			printf("refused: %s\n", why);
		}
		free(data);
	}
	return 0;
}
