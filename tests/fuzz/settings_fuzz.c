/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as a settings file, and as packed settings. A file that is taken must come back the same
 * through pack and unpack; a file that is refused must be refused with words.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfuse itself loses some bytes when a file is bad. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfuse";
}

static void
check_pack(const struct settings *s)
{
	struct buffer first = { 0 }, second = { 0 };
	struct settings *again;

	settings_pack(s, &first);
	if (!settings_unpack(first.data, first.len, &again))
		abort();
	settings_pack(again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	settings_free(&again);
	buffer_clear(&first);
	buffer_clear(&second);
}

static void
as_file(const uint8_t *data, size_t size)
{
	char path[64];
	struct buffer errors = { 0 };
	struct settings *s;
	int fd = memfd_create("settings", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (settings_read(path, &s, &errors))
		check_pack(s);
	else if (errors.len == 0 || errors.data[errors.len - 1] != '\n')
		abort();
	settings_free(&s);
	buffer_clear(&errors);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s;

	if (size > 65536)
		return 0;
	as_file(data, size);
	if (settings_unpack(data, size, &s))
		check_pack(s);
	settings_free(&s);
	return 0;
}
