/* SPDX-License-Identifier: BSD-2-Clause */
/* The report as HTML: what was counted, by unit, category and month. */
#include "ctl/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

enum { LANGUAGES = 3, MONTHS_MAX = 24, CHART_W = 720, CHART_H = 200, CHART_X = 40, CHART_Y = 16 };

/* What the page says by itself, in the order en, zh, ko. */
enum word {
	WORD_TITLE,
	WORD_UNTIL,
	WORD_BY_UNIT,
	WORD_BY_CATEGORY,
	WORD_BY_MONTH,
	WORD_FIGURES,
	WORD_FIGURE,
	WORD_VALUE,
	WORD_OF,
	WORD_FORMULA,
	WORD_UNIT,
	WORD_CATEGORY,
	WORD_MADE,
	WORDS,
};
static const char *const words[WORDS][LANGUAGES] = {
	[WORD_TITLE] = { "Statistics", "统计报告", "통계 보고" },
	[WORD_UNTIL] = { "up to, not including,", "至(不含)", "부터 다음 전까지:" },
	[WORD_BY_UNIT] = { "By unit", "按单位", "단위별" },
	[WORD_BY_CATEGORY] = { "By category", "按类别", "종류별" },
	[WORD_BY_MONTH] = { "By month", "按月", "월별" },
	[WORD_FIGURES] = { "All figures", "全部指标", "전체 지표" },
	[WORD_FIGURE] = { "figure", "指标", "지표" },
	[WORD_VALUE] = { "value", "数值", "값" },
	[WORD_OF] = { "of", "分子 / 分母", "분자 / 분모" },
	[WORD_FORMULA] = { "how it is counted", "计算方法", "계산 방법" },
	[WORD_UNIT] = { "unit", "单位", "단위" },
	[WORD_CATEGORY] = { "category", "类别", "종류" },
	[WORD_MADE] = { "made at", "生成时间", "작성 시각" },
};

/* The lines of the picture by month: shares of which more is better. */
static const struct {
	const char *figure, *colour;
} curves[] = {
	{ "received_share", "#2563eb" },
	{ "on_time_share", "#059669" },
	{ "quick_share", "#d97706" },
	{ "satisfied_share", "#9333ea" },
};

static unsigned
language_of(const char *language)
{
	return strcmp(language, "zh") == 0 ? 1 : strcmp(language, "ko") == 0 ? 2 : 0;
}

static const char *
word(const struct report *r, enum word w)
{
	return words[w][language_of(r->language)];
}

static void
add_text(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buffer_add_string(out, "&lt;");
			break;
		case '>':
			buffer_add_string(out, "&gt;");
			break;
		case '&':
			buffer_add_string(out, "&amp;");
			break;
		case '"':
			buffer_add_string(out, "&quot;");
			break;
		default:
			buffer_add_byte(out, (uint8_t)*text);
		}
	}
}

/* ---- figures -------------------------------------------------------------------------------- */

const char *
report_title(const struct json *figure, const char *language)
{
	static const char *const keys[LANGUAGES] = { "title_en", "title_zh", "title_ko" };

	return json_member_text(figure, keys[language_of(language)]);
}

static const struct json *
share_of(const struct json *row, const struct json *figure)
{
	return json_member(json_member(row, "shares"), json_member_text(figure, "name"));
}

const char *
report_value(const struct json *row, const struct json *figure)
{
	const struct json *share = share_of(row, figure);

	if (share != NULL)
		return json_member_text(share, "text");
	return json_member_text(json_member(row, "figures"), json_member_text(figure, "name"));
}

bool
report_share(const struct json *row, const struct json *figure, double *part, double *whole)
{
	const struct json *share = share_of(row, figure);

	*part = strtod(json_member_text(share, "part"), NULL);
	*whole = strtod(json_member_text(share, "whole"), NULL);
	return share != NULL;
}

static bool
is_main(const struct json *figure)
{
	return strcmp(json_member_text(figure, "main"), "true") == 0;
}

static const struct json *
find_figure(const struct report *r, const char *name)
{
	for (const struct json *f = r->figures->first; f != NULL; f = f->next)
		if (strcmp(json_member_text(f, "name"), name) == 0)
			return f;
	return NULL;
}

/* ---- parts of the page ---------------------------------------------------------------------- */

/* "2026-11-24 16:46" of a time in ISO form; midnight is left out. */
static void
add_time(struct buffer *out, const char *time)
{
	size_t len = strlen(time);

	buffer_add(out, time, len < 10 ? len : 10);
	if (len >= 16 && strncmp(time + 11, "00:00", 5) != 0) {
		buffer_add_byte(out, ' ');
		buffer_add(out, time + 11, 5);
	}
}

static void
add_head(const struct report *r, struct buffer *out)
{
	const struct json *total = r->total->first;

	buffer_printf(out,
	    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
	    language_of(r->language) == 1   ? "zh-CN"
	    : language_of(r->language) == 2 ? "ko"
					    : "en");
	buffer_add_string(out,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	    "'unsafe-inline'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	add_text(out, json_member_text(total, "name"));
	buffer_printf(out, " %s</title>\n<style>\n", word(r, WORD_TITLE));
	buffer_add_string(out,
	    "body{font:15px/1.5 system-ui,\"Noto Sans CJK SC\",\"Microsoft YaHei\",\"Malgun "
	    "Gothic\",sans-serif;color:#1f2937;max-width:1000px;margin:2em auto;padding:0 1em}\n"
	    "h1{font-size:1.6em;margin:0}h2{font-size:1.2em;margin:2em 0 "
	    ".5em}p.when{color:#6b7280;margin:.2em 0 1.5em}\n"
	    ".cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));gap:"
	    "10px}\n"
	    ".card{border:1px solid #e5e7eb;border-radius:8px;padding:10px 12px}.card "
	    "b{display:block;font-size:1.6em;font-weight:600}\n"
	    ".card span{color:#6b7280;font-size:.85em}\n"
	    ".lights span{display:inline-block;margin-right:1.5em}.lights "
	    "i{display:inline-block;width:.9em;height:.9em;border-radius:50%;margin-right:.4em;"
	    "vertical-align:-.1em}\n"
	    "table{border-collapse:collapse;width:100%;font-size:.9em}th,td{text-align:left;"
	    "padding:4px 8px;border-bottom:1px solid #e5e7eb;vertical-align:top}\n"
	    "th{color:#6b7280;font-weight:500}td.n,th.n{text-align:right;white-space:nowrap}td "
	    "small{color:#9ca3af}\n"
	    "svg.bar{display:block;width:100%;min-width:60px;height:5px;margin-top:2px}svg.chart{"
	    "width:100%;height:auto}svg text{font-size:11px;fill:#6b7280}\n"
	    "@media "
	    "print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}\n"
	    "</style>\n</head>\n<body>\n<h1>");
	add_text(out, json_member_text(total, "name"));
	buffer_printf(out, " %s</h1>\n<p class=\"when\">", word(r, WORD_TITLE));
	add_time(out, json_member_text(total, "from"));
	buffer_printf(out, " %s ", word(r, WORD_UNTIL));
	add_time(out, json_member_text(total, "to"));
	buffer_printf(out, " · %s ", word(r, WORD_MADE));
	add_time(out, json_member_text(total, "made_at"));
	buffer_add_string(out, "</p>\n");
}

static void
add_bar(struct buffer *out, double share, const char *colour)
{
	buffer_printf(out,
	    "<svg class=\"bar\" viewBox=\"0 0 100 5\" preserveAspectRatio=\"none\"><rect "
	    "width=\"100\" height=\"5\" fill=\"#f3f4f6\"/>"
	    "<rect width=\"%.1f\" height=\"5\" fill=\"%s\"/></svg>",
	    share > 1 ? 100.0 : 100 * share, colour);
}

static void
add_cards(const struct report *r, struct buffer *out)
{
	static const char *const lights[][2] = { { "red", "#dc2626" }, { "yellow", "#eab308" },
		{ "blue", "#2563eb" }, { "closed", "#16a34a" } };
	const struct json *total = r->total->first;
	double part, whole;

	buffer_add_string(out, "<div class=\"cards\">\n");
	for (const struct json *f = r->figures->first; f != NULL; f = f->next) {
		if (!is_main(f))
			continue;
		buffer_add_string(out, "<div class=\"card\"><span>");
		add_text(out, report_title(f, r->language));
		buffer_printf(out, "</span><b>%s</b><span>", report_value(total, f));
		if (report_share(total, f, &part, &whole))
			buffer_printf(out, "%.0f / %.0f", part, whole);
		buffer_add_string(out, "</span></div>\n");
	}
	buffer_add_string(out, "</div>\n<p class=\"lights\">");
	for (size_t i = 0; i < sizeof(lights) / sizeof(lights[0]); i++) {
		const struct json *f = find_figure(r, lights[i][0]);

		if (f == NULL)
			continue;
		buffer_printf(out, "<span><i style=\"background:%s\"></i>", lights[i][1]);
		add_text(out, report_title(f, r->language));
		buffer_printf(out, " %s</span>", report_value(total, f));
	}
	buffer_add_string(out, "</p>\n");
}

/* Rows by unit or category: the main figures, each share with a bar. */
static void
add_rows(const struct report *r, const struct json *rows, enum word title, enum word name,
    struct buffer *out)
{
	double part, whole;

	buffer_printf(out, "<h2>%s</h2>\n<table>\n<tr><th>%s</th>", word(r, title), word(r, name));
	for (const struct json *f = r->figures->first; f != NULL; f = f->next) {
		if (!is_main(f))
			continue;
		buffer_add_string(out, "<th class=\"n\">");
		add_text(out, report_title(f, r->language));
		buffer_add_string(out, "</th>");
	}
	buffer_add_string(out, "</tr>\n");
	for (const struct json *row = rows->first; row != NULL; row = row->next) {
		buffer_add_string(out, "<tr><td>");
		add_text(out, json_member_text(row, "name"));
		buffer_add_string(out, "</td>");
		for (const struct json *f = r->figures->first; f != NULL; f = f->next) {
			if (!is_main(f))
				continue;
			buffer_printf(out, "<td class=\"n\">%s", report_value(row, f));
			if (report_share(row, f, &part, &whole) && whole > 0) {
				buffer_printf(out, " <small>/ %.0f</small>", whole);
				add_bar(out, part / whole, "#60a5fa");
			}
			buffer_add_string(out, "</td>");
		}
		buffer_add_string(out, "</tr>\n");
	}
	buffer_add_string(out, "</table>\n");
}

/* ---- the picture by month ------------------------------------------------------------------- */

struct plot {
	double step; /* columns between two months */
	unsigned count;
};

static double
plot_x(const struct plot *p, unsigned month)
{
	return CHART_X + p->step * (month + 0.5);
}

static double
plot_y(double share)
{
	return CHART_Y + CHART_H * (1 - share);
}

/* How many were filed, as columns behind the lines; the highest is two thirds of the picture. */
static void
add_columns(const struct report *r, const struct plot *p, struct buffer *out)
{
	const struct json *f = find_figure(r, "requests");
	double highest = 1;
	unsigned i = 0;

	for (const struct json *m = r->months->first; m != NULL; m = m->next) {
		double value = f != NULL ? strtod(report_value(m, f), NULL) : 0;

		highest = value > highest ? value : highest;
	}
	for (const struct json *m = r->months->first; m != NULL && i < p->count; m = m->next, i++) {
		const char *text = f != NULL ? report_value(m, f) : "0";
		double height = strtod(text, NULL) / highest * CHART_H * 2 / 3;

		buffer_printf(out,
		    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#e5e7eb\"/>"
		    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>"
		    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
		    plot_x(p, i) - p->step * 0.3, CHART_Y + CHART_H - height, p->step * 0.6, height,
		    plot_x(p, i), CHART_Y + CHART_H - height - 3, text, plot_x(p, i),
		    CHART_Y + CHART_H + 14);
		add_text(out, json_member_text(m, "key"));
		buffer_add_string(out, "</text>\n");
	}
}

/* A line breaks where a month has nothing to divide by. */
static void
add_curve(const struct report *r, const struct plot *p, const struct json *f, const char *colour,
    struct buffer *out)
{
	bool drawn = false;
	unsigned i = 0;

	buffer_printf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"M0 0", colour);
	for (const struct json *m = r->months->first; m != NULL && i < p->count; m = m->next, i++) {
		double part, whole;

		report_share(m, f, &part, &whole);
		if (whole > 0)
			buffer_printf(out, "%s%.1f %.1f", drawn ? "L" : "M", plot_x(p, i),
			    plot_y(part / whole));
		drawn = whole > 0;
	}
	buffer_add_string(out, "\"/>\n");
	i = 0;
	for (const struct json *m = r->months->first; m != NULL && i < p->count; m = m->next, i++) {
		double part, whole;

		report_share(m, f, &part, &whole);
		if (whole > 0)
			buffer_printf(out,
			    "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" "
			    "fill=\"%s\"><title>%s</title></circle>",
			    plot_x(p, i), plot_y(part / whole), colour, report_value(m, f));
	}
	buffer_add_byte(out, '\n');
}

static void
add_legend(const struct report *r, struct buffer *out)
{
	double x = CHART_X;

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++, x += 165) {
		const struct json *f = find_figure(r, curves[i].figure);

		buffer_printf(out,
		    "<rect x=\"%.0f\" y=\"%d\" width=\"12\" height=\"4\" fill=\"%s\"/><text "
		    "x=\"%.0f\" y=\"%d\">",
		    x, CHART_Y + CHART_H + 30, curves[i].colour, x + 17, CHART_Y + CHART_H + 36);
		add_text(out, report_title(f, r->language));
		buffer_add_string(out, "</text>\n");
	}
}

static void
add_months(const struct report *r, struct buffer *out)
{
	struct plot p = { 0 };

	for (const struct json *m = r->months->first; m != NULL && p.count < MONTHS_MAX;
	     m = m->next)
		p.count++;
	if (p.count == 0)
		return;
	p.step = (double)(CHART_W - CHART_X) / p.count;
	buffer_printf(out,
	    "<h2>%s</h2>\n<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
	    word(r, WORD_BY_MONTH), CHART_W, CHART_Y + CHART_H + 44);
	add_columns(r, &p, out);
	for (int percent = 0; percent <= 100; percent += 25)
		buffer_printf(out,
		    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e5e7eb\"/>"
		    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n",
		    CHART_X, CHART_W, plot_y(percent / 100.0), plot_y(percent / 100.0), CHART_X - 4,
		    plot_y(percent / 100.0) + 4, percent);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		const struct json *f = find_figure(r, curves[i].figure);

		if (f != NULL)
			add_curve(r, &p, f, curves[i].colour, out);
	}
	add_legend(r, out);
	buffer_add_string(out, "</svg>\n");
}

static void
add_figures(const struct report *r, struct buffer *out)
{
	const char *formula = language_of(r->language) == 0 ? "formula" : "formula_zh";
	const struct json *total = r->total->first;
	double part, whole;

	buffer_printf(out,
	    "<h2>%s</h2>\n<table>\n<tr><th>%s</th><th class=\"n\">%s</th><th "
	    "class=\"n\">%s</th><th>%s</th></tr>\n",
	    word(r, WORD_FIGURES), word(r, WORD_FIGURE), word(r, WORD_VALUE), word(r, WORD_OF),
	    word(r, WORD_FORMULA));
	for (const struct json *f = r->figures->first; f != NULL; f = f->next) {
		buffer_add_string(out, "<tr><td>");
		add_text(out, report_title(f, r->language));
		buffer_printf(
		    out, "</td><td class=\"n\">%s</td><td class=\"n\">", report_value(total, f));
		if (report_share(total, f, &part, &whole))
			buffer_printf(out, "%.0f / %.0f", part, whole);
		buffer_add_string(out, "</td><td>");
		add_text(out, json_member_text(f, formula));
		buffer_add_string(out, "</td></tr>\n");
	}
	buffer_add_string(out, "</table>\n");
}

void
report_html(const struct report *r, struct buffer *out)
{
	add_head(r, out);
	add_cards(r, out);
	add_months(r, out);
	add_rows(r, r->units, WORD_BY_UNIT, WORD_UNIT, out);
	add_rows(r, r->categories, WORD_BY_CATEGORY, WORD_CATEGORY, out);
	add_figures(r, out);
	buffer_add_string(out, "</body>\n</html>\n");
}
