/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

struct bytes;

/*
 * HTML as a person would read it aloud: no scripts, no styles, no comments; blocks on lines of
 * their own, cells of tables beside each other; lines of a quotation begin with "> ". html is UTF-8
 * and may be as broken as it likes. At most limit bytes are appended, ended between characters.
 */
void html_text(const char *html, size_t len, size_t limit, struct bytes *out);
