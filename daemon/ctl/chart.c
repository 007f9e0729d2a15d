/* SPDX-License-Identifier: BSD-2-Clause */
/* Bars and levels of block elements. */
#include "ctl/chart.h"

#include "base/buffer.h"

static double
bounded(double share)
{
	return share > 0 ? (share < 1 ? share : 1) : 0;
}

void
chart_bar(double share, unsigned width, struct buffer *out)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	unsigned filled = (unsigned)(bounded(share) * width * 8 + 0.5);
	unsigned used = filled / 8;

	for (unsigned i = 0; i < filled / 8; i++)
		buffer_add_string(out, "█");
	if (filled % 8 > 0) {
		buffer_add_string(out, eighths[filled % 8]);
		used++;
	}
	for (; used < width; used++)
		buffer_add_string(out, "·");
}

void
chart_level(double share, struct buffer *out)
{
	static const char *const levels[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

	buffer_add_string(out, levels[(unsigned)(bounded(share) * 7 + 0.5)]);
}
