/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A file that can be imported, read for something else. */
#include <stdbool.h>

struct buffer;
struct ctl;
struct kind;

/* The rows of file as a JSON array, checked cell by cell. False, after telling what is wrong with
 * its lines, with *code set. */
bool import_read(
    struct ctl *ctl, const struct kind *kind, const char *file, struct buffer *rows, int *code);
