/* SPDX-License-Identifier: BSD-2-Clause */
/* Recordings, measured. */
#include "wav.h"

#include <string.h>

enum { FRAME_MS = 20, RIFF_HEADER = 12, CHUNK_HEADER = 8, PCM = 1 };

struct format {
	uint32_t rate;
	const uint8_t *samples;
	size_t len;
};

static uint32_t
little(const uint8_t *at, unsigned bytes)
{
	uint32_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | at[bytes];
	return v;
}

static int
read_format(const uint8_t *at, size_t len, struct format *f)
{
	if (len < 16 || little(at, 2) != PCM || little(at + 2, 2) != 1 || little(at + 14, 2) != 16)
		return 0;
	f->rate = little(at + 4, 4);
	return f->rate >= 4000 && f->rate <= 48000;
}

/* Walks over the chunks to the samples. */
static int
find_samples(const uint8_t *data, size_t len, struct format *f)
{
	size_t at = RIFF_HEADER;
	int known = 0;

	if (len < RIFF_HEADER || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0)
		return 0;
	while (len - at >= CHUNK_HEADER) {
		const uint8_t *name = data + at;
		size_t size = little(name + 4, 4), rest = len - at - CHUNK_HEADER;

		at += CHUNK_HEADER;
		if (memcmp(name, "data", 4) == 0) {
			/* the header of a recording that was cut short says 0 */
			f->samples = data + at;
			f->len = size == 0 || size > rest ? rest : size;
			return known;
		}
		if (size > rest)
			return 0;
		if (memcmp(name, "fmt ", 4) == 0)
			known = read_format(data + at, size, f);
		at += size + (size & 1);
		if (at > len)
			return 0;
	}
	return 0;
}

void
wav_measure(const void *data, size_t len, int level, struct wav *out)
{
	struct format f = { 0 };
	size_t frame, count;

	if (!find_samples(data, len, &f)) {
		*out = (struct wav){ .speech_ms = (int64_t)(len / 16) };
		return;
	}
	count = f.len / 2;
	frame = f.rate * FRAME_MS / 1000;
	*out = (struct wav){ .duration_ms = (int64_t)(count * 1000 / f.rate) };
	for (size_t from = 0; from + frame <= count; from += frame) {
		int64_t sum = 0;
		for (size_t i = from; i < from + frame; i++) {
			int64_t v = (int16_t)little(f.samples + i * 2, 2);
			sum += v * v;
		}
		if (sum >= (int64_t)level * level * (int64_t)frame)
			out->speech_ms += FRAME_MS;
	}
}
