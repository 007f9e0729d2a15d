/* SPDX-License-Identifier: BSD-2-Clause */
/* What smsc_load delivers; see load_messages.h. */
#include "load_messages.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"

#define MAX_TEXTS 1024
#define WHOLE_BYTES 140
#define PART_BYTES 132 /* beside a header with a reference of 16 bits */

static struct load_shape shape;
static struct buffer texts[MAX_TEXTS]; /* UTF-16BE */
static unsigned text_count;
static bool numbered; /* each text ends with its message's number */

static void
read_texts(const char *path)
{
	FILE *f = fopen(path, "r");
	iconv_t cd = iconv_open("UTF-16BE", "UTF-8");
	char line[4096];

	if (f == NULL || cd == (iconv_t)-1)
		fatal(EX_NOINPUT, "texts: cannot read %s: %s", path, strerror(errno));
	while (text_count < MAX_TEXTS && fgets(line, sizeof(line), f) != NULL) {
		char out[WHOLE_BYTES], *from = line, *to = out;
		size_t left = strcspn(line, "\n"), room = sizeof(out);
		if (left == 0)
			continue;
		iconv(cd, &from, &left, &to, &room);
		buffer_add(&texts[text_count++], out, (size_t)(to - out));
	}
	iconv_close(cd);
	fclose(f);
	if (text_count == 0)
		fatal(EX_DATAERR, "texts: %s holds no text", path);
}

void
load_messages_init(const struct load_shape *wanted, const char *path)
{
	uint64_t extra;

	shape = *wanted;
	if (shape.senders == 0)
		shape.senders = shape.count;
	extra = shape.long_every == 0 ? 0 : shape.count / shape.long_every * (shape.parts - 1);
	if (shape.count == 0 || shape.count + extra >= INT32_MAX)
		fatal(EX_USAGE, "count: from 1 to 2^31 units, a long message is several");
	read_texts(path);
	numbered = shape.count > shape.senders * text_count;
}

void
load_messages_clear(void)
{
	for (unsigned i = 0; i < text_count; i++)
		buffer_clear(&texts[i]);
	text_count = 0;
}

uint32_t
load_messages_units(void)
{
	uint64_t n = shape.count;

	if (shape.long_every != 0)
		n += shape.count / shape.long_every * (shape.parts - 1);
	return (uint32_t)n;
}

/* The message that a unit belongs to, and its part from 1; 0: whole. The last of every long_every
 * messages is the long one. */
static uint32_t
message_of(uint32_t unit, unsigned *part)
{
	uint32_t round, left;

	*part = 0;
	if (shape.long_every == 0)
		return unit;
	round = unit / (shape.long_every - 1 + shape.parts);
	left = unit % (shape.long_every - 1 + shape.parts);
	if (left < shape.long_every - 1)
		return round * shape.long_every + left;
	*part = left - (shape.long_every - 1) + 1;
	return round * shape.long_every + shape.long_every - 1;
}

static bool
is_long(uint32_t message)
{
	return shape.long_every != 0 && message % shape.long_every == shape.long_every - 1;
}

static void
put_sender(uint32_t message, struct buffer *out)
{
	buffer_printf(out, "86%" PRIu64, shape.first + message % shape.senders);
}

/* A long text is a short one again and again. */
static void
put_text(uint32_t message, struct buffer *out)
{
	const struct buffer *text = &texts[(message + message / shape.senders) % text_count];
	struct buffer base = { 0 };
	char digits[16];
	int n = numbered ? snprintf(digits, sizeof(digits), " %" PRIu32, message) : 0;
	size_t kept = text->len, wanted, from = out->len;

	if (kept + 2 * (size_t)n > WHOLE_BYTES)
		kept = WHOLE_BYTES - 2 * (size_t)n;
	buffer_add(&base, text->data, kept);
	for (int i = 0; i < n; i++)
		buffer_add_be16(&base, (uint16_t)digits[i]);
	wanted = is_long(message) ? shape.parts * (size_t)PART_BYTES : base.len;
	while (out->len - from < wanted) {
		size_t more = wanted - (out->len - from);
		buffer_add(out, base.data, more < base.len ? more : base.len);
	}
	buffer_clear(&base);
}

void
load_messages_body(uint32_t unit, struct buffer *body)
{
	static struct buffer text;
	unsigned part;
	uint32_t message = message_of(unit, &part);
	size_t from = 0;

	buffer_add(body, "\0\1\1", 3);
	put_sender(message, body);
	buffer_add(body, "\0\0\1", 3);
	buffer_add(body, shape.destination, strlen(shape.destination) + 1);
	buffer_add_byte(body, part == 0 ? 0 : 0x40);
	buffer_add(body, "\0\0\0\0\0\0\10\0", 8);
	buffer_reset(&text);
	put_text(message, &text);
	if (part != 0) {
		const uint8_t header[] = { 6, 8, 4, (uint8_t)(message >> 8), (uint8_t)message,
			(uint8_t)shape.parts, (uint8_t)part };
		buffer_add_byte(body, sizeof(header) + PART_BYTES);
		buffer_add(body, header, sizeof(header));
		from = (part - 1) * (size_t)PART_BYTES;
		text.len = from + PART_BYTES;
	} else {
		buffer_add_byte(body, (uint8_t)text.len);
	}
	buffer_add(body, text.data + from, text.len - from);
}

static void
write_line(FILE *f, uint32_t message)
{
	struct buffer line = { 0 }, text = { 0 };

	buffer_add_byte(&line, '+');
	put_sender(message, &line);
	buffer_add_byte(&line, '\t');
	put_text(message, &text);
	for (size_t i = 0; i < text.len; i++)
		buffer_printf(&line, "%02x", (uint8_t)text.data[i]);
	buffer_add_byte(&line, '\n');
	fwrite(line.data, 1, line.len, f);
	buffer_clear(&line);
	buffer_clear(&text);
}

int64_t
load_messages_ledger(const uint8_t *acked, const char *path)
{
	FILE *f = fopen(path, "w");
	int64_t lines = 0;
	bool all = true;
	unsigned part;

	if (f == NULL)
		return -1;
	for (uint32_t unit = 0, units = load_messages_units(); unit < units; unit++) {
		uint32_t message = message_of(unit, &part);
		all = (part <= 1 || all) && acked[unit] != 0;
		if (all && (part == 0 || part == shape.parts)) {
			write_line(f, message);
			lines++;
		}
	}
	return fclose(f) == 0 ? lines : -1;
}
