/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of a role's states, the waits before a start, and the check of what a role reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "supervisor/child.h"
#include "supervisor/json.h"

static void
table_is_a_function(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < child_table_size; i++) {
		const struct child_transition *t = &child_table[i];
		assert_ptr_equal(child_step(t->state, t->event), t);
	}
}

static void
every_process_that_ends_is_noticed(void **unused)
{
	static const enum child_state alive[] = { CHILD_STARTING, CHILD_RUNNING, CHILD_HUNG,
		CHILD_DRAINING };

	(void)unused;
	for (size_t i = 0; i < sizeof(alive) / sizeof(alive[0]); i++) {
		assert_non_null(child_step(alive[i], CHILD_END));
		assert_non_null(child_step(alive[i], CHILD_MISFIT));
	}
}

static void
every_state_can_be_drained_to_stopped(void **unused)
{
	(void)unused;
	for (int state = CHILD_STARTING; state <= CHILD_BROKEN; state++) {
		const struct child_transition *t = child_step((enum child_state)state, CHILD_DRAIN);

		if (state == CHILD_DRAINING)
			continue;
		assert_non_null(t);
		assert_true(t->next == CHILD_STOPPED || t->next == CHILD_DRAINING);
	}
	assert_int_equal(child_step(CHILD_DRAINING, CHILD_END)->next, CHILD_STOPPED);
}

static void
settings_that_do_not_fit_are_not_tried_again(void **unused)
{
	(void)unused;
	assert_int_equal(child_step(CHILD_RUNNING, CHILD_MISFIT)->next, CHILD_BROKEN);
	assert_null(child_step(CHILD_BROKEN, CHILD_DELAY));
	assert_int_equal(child_step(CHILD_BROKEN, CHILD_START)->effect, CHILD_DO_SPAWN);
}

static void
delays_double_and_are_reset(void **unused)
{
	static const struct {
		int64_t last, up, expected;
	} rows[] = { { 0, 0, 2000 }, { 2000, 5, 4000 }, { 4000, 5, 8000 }, { 32000, 5, 60000 },
		{ 60000, 5, 60000 }, { 60000, 59999, 60000 }, { 60000, 60000, 2000 },
		{ 8000, 70000, 2000 } };

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(child_next_delay_ms(rows[i].last, rows[i].up, 2000, 60000, 60000),
		    rows[i].expected);
}

/* hailand(8) shows the same table. */
static void
manual_shows_the_table(void **unused)
{
	const char *source = getenv("srcdir");
	char *path = xasprintf("%s/daemon/hailand.8", source != NULL ? source : ".");
	FILE *f = fopen(path, "r");
	struct buffer page = { 0 };
	char piece[4096];
	size_t n;

	(void)unused;
	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buffer_add(&page, piece, n);
	fclose(f);
	for (size_t i = 0; i < child_table_size; i++) {
		const struct child_transition *t = &child_table[i];
		char *row = xasprintf(".It %s Ta %s Ta %s\n", child_state_name(t->state),
		    child_event_name(t->event), child_state_name(t->next));

		if (strstr(page.data, row) == NULL)
			fail_msg("hailand.8 lacks the row: %s", row);
		free(row);
	}
	buffer_clear(&page);
	free(path);
}

static void
members_stay_inside(void **unused)
{
	static const struct {
		const char *text;
		bool safe;
	} rows[] = { { "", true }, { "\"a\":1", true }, { "\"a\":{\"b\":[1,{}]}", true },
		{ "\"a\":\"}{\\\"]\"", true }, { "\"a\":\"\\\\\"", true }, { "}", false },
		{ "\"a\":1}},{\"role\":\"forged\"", false }, { "\"a\":[}", false },
		{ "\"a\":{", false }, { "\"a", false }, { "\"a\\\"", false },
		{ "\"a\":\"\n\"", false },
		{ "\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", false } };

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (json_members_safe(rows[i].text, strlen(rows[i].text)) != rows[i].safe)
			fail_msg("json_members_safe: %s", rows[i].text);
	}
	assert_false(json_members_safe("\"a\":\"\0\"", 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_a_function),
		cmocka_unit_test(every_process_that_ends_is_noticed),
		cmocka_unit_test(every_state_can_be_drained_to_stopped),
		cmocka_unit_test(settings_that_do_not_fit_are_not_tried_again),
		cmocka_unit_test(delays_double_and_are_reset),
		cmocka_unit_test(manual_shows_the_table),
		cmocka_unit_test(members_stay_inside),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
