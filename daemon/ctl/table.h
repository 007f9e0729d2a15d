/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Text in columns for a terminal, in which a Chinese or Korean letter is two columns wide. */
#include <stdbool.h>
#include <stddef.h>

struct buffer;

/* Columns that text takes; line ends and control bytes count as the one blank that they become. */
size_t table_width(const char *text);

struct table;

struct table *table_new(void);
void table_free(struct table **t);
/* All titles first, then the cells row by row. Copies. right: aligned to the right. */
void table_title(struct table *t, const char *title, bool right);
void table_cell(struct table *t, const char *text);
/* The last column is cut to fit into width columns; 0: nothing is cut. */
void table_print(const struct table *t, size_t width, struct buffer *out);

/* Columns of the terminal on stdout; 0 when it is none. */
size_t table_terminal_width(void);
