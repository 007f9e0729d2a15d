/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

struct lexicon;

/* Tables of sql/data for tests: tab-separated, a header line, no quoting. */

#define TSV_FIELDS 8

/* Calls row for each line but the first, with its fields cut out (missing ones are ""). Ends the
 * program when the file cannot be read. */
void tsv_read(const char *path, void (*row)(char **field, void *arg), void *arg);

/* A compiled lexicon of the tables in folder. Ends the program on any error. */
struct lexicon *understand_data_load(const char *folder);

/* The name in Chinese of a unit, with the suffix of its level ("天图社区"); NULL: not known. */
const char *understand_data_place(long long unit);
