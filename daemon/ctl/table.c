/* SPDX-License-Identifier: BSD-2-Clause */
/* Aligns by wcwidth(3), in the character set UTF-8 that main() sets. */
#include "ctl/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buffer.h"
#include "base/xalloc.h"

enum { COLUMNS_MAX = 24, LAST_COLUMN_MIN = 12 };

struct table {
	char *titles[COLUMNS_MAX];
	bool right[COLUMNS_MAX];
	size_t columns;
	char **cells;
	size_t count;
};

/* One letter of text: how many bytes and how many columns. Bytes that are no UTF-8, and control
 * letters, are shown as one "?" or blank. */
struct letter {
	size_t bytes;
	size_t columns;
	const char *instead;
};

static struct letter
next_letter(const char *text)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, text, strlen(text), &state);
	int width;

	if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
		return (struct letter){ 1, 1, "?" };
	if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029)
		return (struct letter){ n, 1, " " };
	/* Letters that turn the direction of what follows would break the table. */
	if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
		return (struct letter){ n, 0, "" };
	width = wcwidth(c);
	return (struct letter){ n, width > 0 ? (size_t)width : width == 0 ? 0 : 1, NULL };
}

size_t
table_width(const char *text)
{
	size_t width = 0;

	while (*text != '\0') {
		struct letter l = next_letter(text);

		width += l.columns;
		text += l.bytes;
	}
	return width;
}

/* Adds text, at most room columns of it; room 0 is without limit. Returns the columns used. */
static size_t
add_cut(struct buffer *out, const char *text, size_t room)
{
	bool cut = room > 0 && table_width(text) > room;
	size_t used = 0;

	while (*text != '\0') {
		struct letter l = next_letter(text);

		if (cut && used + l.columns > room - 1) {
			buffer_add_string(out, "…");
			return used + 1;
		}
		if (l.instead != NULL)
			buffer_add_string(out, l.instead);
		else
			buffer_add(out, text, l.bytes);
		used += l.columns;
		text += l.bytes;
	}
	return used;
}

struct table *
table_new(void)
{
	return xcalloc(1, sizeof(struct table));
}

void
table_free(struct table **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < (*t)->columns; i++)
		free((*t)->titles[i]);
	for (size_t i = 0; i < (*t)->count; i++)
		free((*t)->cells[i]);
	free((*t)->cells);
	free(*t);
	*t = NULL;
}

void
table_title(struct table *t, const char *title, bool right)
{
	if (t->columns == COLUMNS_MAX)
		abort();
	t->right[t->columns] = right;
	t->titles[t->columns++] = xstrdup(title);
}

void
table_cell(struct table *t, const char *text)
{
	if ((t->count & (t->count + 1)) == 0)
		t->cells = xreallocarray(t->cells, 2 * t->count + 2, sizeof(t->cells[0]));
	t->cells[t->count++] = xstrdup(text);
}

static void
blanks(struct buffer *out, size_t n)
{
	while (n-- > 0)
		buffer_add_byte(out, ' ');
}

static void
print_row(const struct table *t, char *const *cells, const size_t *widths, size_t last,
    struct buffer *out)
{
	size_t pad = 0; /* held back, so that no line ends with blanks */

	for (size_t i = 0; i < t->columns; i++) {
		size_t width = table_width(cells[i]);
		size_t gap = width < widths[i] ? widths[i] - width : 0;

		if (t->right[i])
			pad += gap;
		if (width > 0) {
			blanks(out, pad);
			pad = 0;
		}
		add_cut(out, cells[i], i + 1 == t->columns ? last : 0);
		pad += (t->right[i] ? 0 : gap) + 2;
	}
	buffer_add_byte(out, '\n');
}

void
table_print(const struct table *t, size_t width, struct buffer *out)
{
	size_t widths[COLUMNS_MAX] = { 0 }, before = 0, last = 0;

	for (size_t i = 0; i < t->columns; i++)
		widths[i] = table_width(t->titles[i]);
	for (size_t i = 0; i < t->count; i++) {
		size_t w = table_width(t->cells[i]);

		if (w > widths[i % t->columns])
			widths[i % t->columns] = w;
	}
	for (size_t i = 0; i + 1 < t->columns; i++)
		before += widths[i] + 2;
	if (width > 0)
		last = width > before + LAST_COLUMN_MIN ? width - before : LAST_COLUMN_MIN;
	if (t->columns > 0)
		print_row(t, t->titles, widths, last, out);
	for (size_t i = 0; i + t->columns <= t->count && t->columns > 0; i += t->columns)
		print_row(t, t->cells + i, widths, last, out);
}

size_t
table_terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		return size.ws_col;
	return 80;
}
