/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What can be told of a recording without listening. */
struct wav {
	int64_t duration_ms;
	int64_t speech_ms; /* frames of 20 ms in which somebody speaks */
};

/* Reads a RIFF file of 16-bit PCM, mono, from bytes that may be anything; the length in the header
 * counts for nothing when the file was cut short. level: how loud a frame is in which somebody
 * speaks, as root of the mean square, 1 to 32767. What is no such file has no duration, and so much
 * speech as its bytes would be at 8 kHz: better to listen once too often. */
void wav_measure(const void *data, size_t len, int level, struct wav *out);
