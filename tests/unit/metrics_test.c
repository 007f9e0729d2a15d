/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted, across processes and whatever stands in the memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/log.h"
#include "metrics/exporter.h"
#include "metrics/metrics.h"

static bool
shows(const struct metrics_slot *page, const char *line)
{
	struct buffer out = { 0 };
	char *found, *whole;
	bool there;

	exporter_page(page, 1, &out);
	whole = malloc(strlen(line) + 3);
	sprintf(whole, "\n%s\n", line);
	found = strstr(out.data, whole);
	there = found != NULL && strstr(found + 1, whole) == NULL;
	free(whole);
	buffer_clear(&out);
	return there;
}

static void
test_outlives_the_process(void **state)
{
	struct metrics_slot *page, *slot;
	int fd = metrics_create(&page);
	int status;

	(void)state;
	assert_true(fd >= 0);
	slot = metrics_take(page, "clerk:1");
	assert_ptr_equal(metrics_take(page, "clerk:1"), slot);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			metrics_open(dup(fd), "clerk:1");
			metrics_add(METRIC_SET_ASIDE, 20);
			metrics_add_to(metrics_labelled(METRIC_VERDICTS, "case"), 3);
			metrics_observe(HISTOGRAM_FILE, 1000, 2);
			metrics_observe(HISTOGRAM_FILE, 99000000, 1);
			log_init("", LOG_LEVEL_ERROR);
			log_warning("only counted");
			abort();
		}
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
	}
	assert_true(shows(page, "hailan_messages_set_aside_total{role=\"clerk:1\"} 40"));
	assert_true(
	    shows(page, "hailan_messages_filed_total{role=\"clerk:1\",verdict=\"case\"} 6"));
	assert_true(shows(page, "hailan_log_lines_total{role=\"clerk:1\",level=\"warning\"} 2"));
	assert_true(
	    shows(page, "hailan_message_filed_seconds_bucket{role=\"clerk:1\",le=\"0.001\"} 4"));
	assert_true(
	    shows(page, "hailan_message_filed_seconds_bucket{role=\"clerk:1\",le=\"60\"} 4"));
	assert_true(
	    shows(page, "hailan_message_filed_seconds_bucket{role=\"clerk:1\",le=\"+Inf\"} 6"));
	assert_true(shows(page, "hailan_message_filed_seconds_sum{role=\"clerk:1\"} 198.004000"));
	metrics_give(slot);
	assert_false(shows(page, "hailan_messages_set_aside_total{role=\"clerk:1\"} 0"));
	metrics_destroy(fd, &page);
}

static void
test_too_many(void **state)
{
	struct metrics_slot *page;
	int fd = metrics_create(&page);
	char name[32];
	int64_t *last = NULL;

	(void)state;
	for (int i = 0; i < METRICS_SLOTS; i++) {
		snprintf(name, sizeof(name), "channel:c%d", i);
		assert_non_null(metrics_take(page, name));
	}
	assert_null(metrics_take(page, "channel:more"));
	assert_null(metrics_take(NULL, "clerk:1"));
	metrics_use(metrics_take(page, "channel:c7"));
	for (int i = 0; i < METRICS_LABELLED + 2; i++) {
		snprintf(name, sizeof(name), "event%d", i);
		last = metrics_labelled(METRIC_PLUGIN, name);
		metrics_add_to(last, 1);
	}
	assert_ptr_equal(last, metrics_labelled(METRIC_PLUGIN, "one more"));
	assert_true(
	    shows(page, "hailan_plugin_events_total{role=\"channel:c7\",event=\"event127\"} 1"));
	assert_false(
	    shows(page, "hailan_plugin_events_total{role=\"channel:c7\",event=\"event128\"} 1"));
	metrics_destroy(fd, &page);
	metrics_open(-1, "clerk:1"); /* counts for itself */
	metrics_add(METRIC_RUNG, 1);
}

/* A process that was broken into writes what it likes into its own slot. */
static void
test_garbage(void **state)
{
	struct metrics_slot *page, *slot;
	int fd = metrics_create(&page);
	struct buffer out = { 0 };

	(void)state;
	slot = metrics_take(page, "channel:sms");
	slot->labelled_count = INT64_MAX;
	for (int i = 0; i < METRICS_LABELLED; i++) {
		slot->labelled[i].metric = METRIC_LINK_UP;
		memset(slot->labelled[i].label, 'x', METRICS_LABEL);
	}
	snprintf(slot->labelled[1].label, METRICS_LABEL,
	    "a\"b\\c\nd\xff"
	    "天");
	slot->labelled[2].metric = -7;
	slot->labelled[3].metric = METRICS + 1;
	assert_true(
	    shows(page, "hailan_link_up{role=\"channel:sms\",link=\"a\\\"b\\\\c?d?天\"} 0"));
	assert_true(shows(page,
	    "hailan_link_up{role=\"channel:sms\",link=\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxx\"} 0"));
	strcpy(metrics_take(page, "channel:mail")->role, "channel:sms");
	assert_true(shows(page, "hailan_alarms{role=\"channel:sms\"} 0"));
	memset(slot, 0xff, sizeof(*slot));
	exporter_page(page, 1, &out);
	assert_null(strstr(out.data, "\xff"));
	buffer_clear(&out);
	metrics_destroy(fd, &page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outlives_the_process),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
