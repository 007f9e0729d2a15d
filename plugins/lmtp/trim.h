/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

struct bytes;

/*
 * Appends what a person has written in this mail: without what is quoted, the line that introduces
 * it, signatures of people and of phones, and disclaimers. When nothing would be left (a mail
 * that is forwarded as it is) all of the text is appended. text is UTF-8 with line feeds.
 */
void trim_text(const char *text, size_t len, struct bytes *out);
