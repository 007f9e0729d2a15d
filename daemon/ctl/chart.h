/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Small pictures made of letters, for a terminal. */

struct buffer;

/* A bar of width columns, filled up to share (0 to 1; beyond it is full or empty) in steps of an
 * eighth of a column. */
void chart_bar(double share, unsigned width, struct buffer *out);
/* One column, as high as share: a stroke at the foot for 0. */
void chart_level(double share, struct buffer *out);
