/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of all processes in Prometheus' text format 0.0.4: a family's lines stand together,
 * and no line comes twice, whatever stands in the memory. */
#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "metrics/exporter.h"
#include "metrics/metrics.h"
#include "text/utf8.h"

static int64_t
load(const int64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

/* A value of a label: what is no UTF-8 becomes "?". */
static void
add_label(struct buffer *out, const char *text, size_t room)
{
	size_t len = strnlen(text, room);
	uint32_t cp;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_read(text + i, len - i, &cp);
		if (cp == UTF8_BAD || cp < 0x20 || cp == 0x7f)
			buffer_add_byte(out, '?');
		else if (cp == '"' || cp == '\\')
			buffer_printf(out, "\\%c", (int)cp);
		else
			buffer_add(out, text + i, n);
	}
}

static void
add_head(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP hailan_%s %s\n# TYPE hailan_%s %s\n", name, help, name, type);
}

/* kinds is "channel clerk", or NULL for all. */
static bool
is_kind(const struct metrics_slot *slot, const char *kinds)
{
	const char *colon = memchr(slot->role, ':', METRICS_ROLE);
	size_t len = colon != NULL ? (size_t)(colon - slot->role) : 0;

	for (const char *k = kinds; k != NULL && len > 0; k = *k == ' ' ? k + 1 : NULL) {
		size_t n = strcspn(k, " ");

		if (n == len && strncmp(k, slot->role, n) == 0)
			return true;
		k += n;
	}
	return kinds == NULL && len > 0;
}

/* The slot when a process that has the metric counts there; of two with one name the first. */
static const struct metrics_slot *
slot_of(const struct metrics_slot *page, unsigned i, const char *kinds)
{
	const struct metrics_slot *s = metrics_at(page, i);

	if (!is_kind(s, kinds))
		return NULL;
	for (unsigned j = 0; j < i; j++)
		if (strncmp(metrics_at(page, j)->role, s->role, METRICS_ROLE) == 0)
			return NULL;
	return s;
}

static void
add_value(struct buffer *out, int64_t value, double scale)
{
	if (scale < 1)
		buffer_printf(out, " %.6f\n", (double)value * scale);
	else
		buffer_printf(out, " %" PRId64 "\n", value);
}

static void
add_plain(
    const struct metric_info *info, enum metric m, const struct metrics_slot *s, struct buffer *out)
{
	buffer_printf(out, "hailan_%s{role=\"", info->name);
	add_label(out, s->role, METRICS_ROLE);
	buffer_printf(out, info->label != NULL ? "\",%s}" : "\"}", info->label);
	add_value(out, load(&s->values[m]), info->scale);
}

static bool
seen_before(const struct metrics_slot *s, int64_t i)
{
	for (int64_t j = 0; j < i; j++)
		if (s->labelled[j].metric == s->labelled[i].metric &&
		    strncmp(s->labelled[j].label, s->labelled[i].label, METRICS_LABEL) == 0)
			return true;
	return false;
}

static void
add_by_key(
    const struct metric_info *info, enum metric m, const struct metrics_slot *s, struct buffer *out)
{
	int64_t count = __atomic_load_n(&s->labelled_count, __ATOMIC_ACQUIRE);

	for (int64_t i = 0; i < count && i < METRICS_LABELLED; i++) {
		const struct metrics_labelled *l = &s->labelled[i];

		if (l->metric != (int32_t)m || seen_before(s, i))
			continue;
		buffer_printf(out, "hailan_%s{role=\"", info->name);
		add_label(out, s->role, METRICS_ROLE);
		buffer_printf(out, "\",%s=\"", info->key);
		add_label(out, l->label, METRICS_LABEL);
		buffer_add_string(out, "\"}");
		add_value(out, load(&l->value), info->scale);
	}
}

static void
add_metric(const struct metrics_slot *page, enum metric m, struct buffer *out)
{
	const struct metric_info *info = &metric_table[m];

	if (m == 0 || strcmp(info->name, metric_table[m - 1].name) != 0)
		add_head(out, info->name, info->kind == METRIC_COUNTER ? "counter" : "gauge",
		    info->help);
	for (unsigned i = 0; i < METRICS_SLOTS; i++) {
		const struct metrics_slot *s = slot_of(page, i, info->role);

		if (s == NULL)
			continue;
		if (info->key != NULL)
			add_by_key(info, m, s, out);
		else
			add_plain(info, m, s, out);
	}
}

static void
add_buckets(
    const char *name, enum metric_histogram h, const struct metrics_slot *s, struct buffer *out)
{
	struct buffer role = { 0 };
	int64_t sum_us = load(&s->histograms[h].sum_us), count = 0;

	add_label(&role, s->role, METRICS_ROLE);
	for (unsigned i = 0; i < METRICS_BOUNDS; i++) {
		count += load(&s->histograms[h].buckets[i]);
		buffer_printf(out, "hailan_%s_bucket{role=\"%s\",le=\"%g\"} %" PRId64 "\n", name,
		    role.data, (double)metrics_bounds_us[i] * 1e-6, count);
	}
	count += load(&s->histograms[h].buckets[METRICS_BOUNDS]);
	buffer_printf(out,
	    "hailan_%s_bucket{role=\"%s\",le=\"+Inf\"} %" PRId64 "\n"
	    "hailan_%s_sum{role=\"%s\"} %.6f\nhailan_%s_count{role=\"%s\"} %" PRId64 "\n",
	    name, role.data, count, name, role.data, (double)sum_us * 1e-6, name, role.data, count);
	buffer_clear(&role);
}

void
exporter_page(const struct metrics_slot *page, int64_t scrapes, struct buffer *out)
{
	add_head(out, "build_info", "gauge", "Always 1; the label tells the version.");
	buffer_add_string(out, "hailan_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	add_head(out, "scrapes_total", "counter", "How often this page was asked for.");
	buffer_printf(out, "hailan_scrapes_total %" PRId64 "\n", scrapes);
	for (enum metric m = 0; m < METRICS; m++)
		add_metric(page, m, out);
	for (enum metric_histogram h = 0; h < HISTOGRAMS; h++) {
		const struct metric_histogram_info *info = &metric_histogram_table[h];

		add_head(out, info->name, "histogram", info->help);
		for (unsigned i = 0; i < METRICS_SLOTS; i++)
			if (slot_of(page, i, info->role) != NULL)
				add_buckets(info->name, h, metrics_at(page, i), out);
	}
}
