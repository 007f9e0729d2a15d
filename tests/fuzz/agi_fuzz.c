/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PBX says, cut anywhere, gives the same events; and recordings are measured within their
 * bytes. */
#include "plugins/ivr/agi.h"
#include "plugins/common/bytes.h"
#include "plugins/ivr/sweep.h"
#include "plugins/ivr/wav.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every event with what it carries, as text. */
static void
run(const uint8_t *data, size_t size, size_t step, struct bytes *out)
{
	struct agi a = { 0 };
	size_t at = 0;

	while (at < size) {
		size_t n = size - at < step ? size - at : step;
		enum agi_event event;
		size_t taken = agi_feed(&a, data + at, n, &event);

		if (taken > n || (taken < n && event == AGI_NOTHING) || a.len >= AGI_LINE)
			abort();
		at += taken;
		if (event == AGI_NOTHING)
			continue;
		bytes_printf(out, "%d %d %ld %s %ld|", (int)event, a.response.code,
		    a.response.result, a.response.detail, a.response.endpos);
		if (event == AGI_BROKEN)
			return;
	}
	bytes_printf(
	    out, "%s %s %s", a.environment.uniqueid, a.environment.caller, a.environment.called);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes whole = { 0 }, single = { 0 }, few = { 0 }, quoted = { 0 };
	char *text = bytes_dup(data, size);
	struct sweep_name name;
	struct wav w;

	run(data, size, size, &whole);
	run(data, size, 1, &single);
	run(data, size, 7, &few);
	if (strcmp(bytes_string(&whole), bytes_string(&single)) != 0 ||
	    strcmp(bytes_string(&whole), bytes_string(&few)) != 0)
		abort();
	agi_quote(&quoted, text);
	if (strpbrk(quoted.data, "\r\n") != NULL)
		abort();
	wav_measure(data, size, 300, &w);
	if (w.duration_ms < 0 || w.speech_ms < 0)
		abort();
	(void)sweep_parse(text, &name);
	bytes_clear(&whole);
	bytes_clear(&single);
	bytes_clear(&few);
	bytes_clear(&quoted);
	free(text);
	return 0;
}
