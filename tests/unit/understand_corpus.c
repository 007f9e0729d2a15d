/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How well and how fast texts are understood, over a file in the form of tests/corpus/texts.tsv:
 *
 *	understand_corpus [-v] DATA CORPUS [FLOOR]...   accuracy; each FLOOR is NAME=PERCENT and the
 *	                                                program fails below it
 *	understand_corpus -b DATA CORPUS                microseconds a text
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "text/understand.h"
#include "understand_data.h"

struct score {
	const char *name;
	unsigned right, all;
};

enum { KIND, CATEGORY, PROPOSED, HARMLESS, UNIT, PARTS, LANGUAGE, URGENT, SCORES };

struct run {
	const struct lexicon *lx;
	struct understand_scratch *scratch;
	bool verbose;
	struct score score[SCORES];
};

static void
count(struct run *run, int what, bool right, const char *text, const char *wanted, const char *got)
{
	run->score[what].all++;
	run->score[what].right += right;
	if (!right && run->verbose)
		printf("# %s: wanted %s, got %s: %s\n", run->score[what].name, wanted, got, text);
}

static const char *
or_none(const char *s)
{
	return s == NULL || *s == '\0' ? "-" : s;
}

/* A row asks for a case; a follow-up may be seen as asking after it. */
static bool
same_kind(enum kind got, const char *kind, const char *category, bool follow_up)
{
	if (strcmp(kind, "case") == 0)
		return got == KIND_CASE || (follow_up && got == KIND_PROGRESS);
	return strcmp(kind_name(got), strcmp(kind, "wish") == 0 ? "wish" : category) == 0;
}

static void
score_address(struct run *run, const struct address *a, const char *text, const char *notes)
{
	const char *at = strstr(notes, "addr=");
	char unit[64] = "", building[16] = "", entrance[16] = "", room[16] = "", got[256];
	char copy[256], *rest = copy, *part;
	const char *name = a->units > 0 ? understand_data_place(a->unit[0]) : NULL;

	snprintf(copy, sizeof(copy), "%.*s", at == NULL ? 0 : (int)strcspn(at + 5, "; (,"),
	    at == NULL ? "" : at + 5);
	while ((part = strsep(&rest, "|")) != NULL) {
		if (part[0] == 'b')
			snprintf(building, sizeof(building), "%s", part + 1);
		else if (part[0] == 'u')
			snprintf(entrance, sizeof(entrance), "%s", part + 1);
		else if (part[0] == 'r')
			snprintf(room, sizeof(room), "%s", part + 1);
		else if ((unsigned char)part[0] > 0x7f)
			snprintf(unit, sizeof(unit), "%.60s", part);
	}
	if (strncmp(unit, "智新镇", 9) == 0 && unit[9] != '\0')
		memmove(unit, unit + 9, strlen(unit + 9) + 1);
	count(run, UNIT, strcmp(unit, name == NULL ? "" : name) == 0, text, or_none(unit),
	    or_none(name));
	snprintf(got, sizeof(got), "%s|%s|%s", a->building, a->entrance, a->room);
	snprintf(copy, sizeof(copy), "%s|%s|%s", building, entrance, room);
	count(run, PARTS, strcmp(copy, got) == 0, text, copy, got);
}

static void
row(char **field, void *arg)
{
	struct run *run = arg;
	const char *text = field[1], *category = field[3], *notes = field[5];
	struct understanding u;
	bool follow_up = strstr(notes, "follow-up") != NULL;
	char got[128];

	understand(run->lx, run->scratch, text, strlen(text), NULL, &u);
	snprintf(got, sizeof(got), "%s", kind_name(u.kind));
	count(run, KIND, same_kind(u.kind, field[2], category, follow_up), text,
	    strcmp(field[2], "other") == 0 ? category : field[2], got);
	count(run, LANGUAGE, strcmp(language_name(u.language), field[0]) == 0, text, field[0],
	    language_name(u.language));
	if (strcmp(field[2], "other") == 0)
		return;
	snprintf(got, sizeof(got), "%s %d, %s %d", or_none(u.first.code), u.first.score,
	    or_none(u.second.code), u.second.score);
	count(run, CATEGORY, strcmp(or_none(category), or_none(u.first.code)) == 0, text,
	    or_none(category), got);
	count(run, PROPOSED,
	    strcmp(or_none(category), or_none(u.first.code)) == 0 ||
		(u.unsure && strcmp(category, u.second.code) == 0),
	    text, or_none(category), got);
	/* What nobody classified goes to a person; only a wrong category does harm. */
	count(run, HARMLESS, u.first.code == NULL || strcmp(category, u.first.code) == 0, text,
	    or_none(category), got);
	if (strstr(notes, "URGENT") != NULL || u.urgent)
		count(run, URGENT, (strstr(notes, "URGENT") != NULL) == u.urgent, text,
		    strstr(notes, "URGENT") != NULL ? "urgent" : "not",
		    u.urgent ? "urgent" : "not");
	score_address(run, &u.address, text, notes);
}

static int
report(const struct run *run, const char *corpus, char **floor)
{
	int failed = 0;

	for (int i = 0; i < SCORES; i++) {
		const struct score *s = &run->score[i];
		double percent = s->all == 0 ? 100 : 100.0 * s->right / s->all;

		printf("# %s: %-9s %3u of %3u, %5.1f %%\n", strrchr(corpus, '/') + 1, s->name,
		    s->right, s->all, percent);
		for (char **f = floor; *f != NULL; f++) {
			size_t n = strlen(s->name);

			if (strncmp(*f, s->name, n) == 0 && (*f)[n] == '=' &&
			    percent < atof(*f + n + 1)) {
				printf(
				    "not ok - %s: %s is below its floor %s\n", corpus, s->name, *f);
				failed = 1;
			}
		}
	}
	return failed;
}

#define TEXTS_MAX 1000
#define ROUNDS 301

struct texts {
	char *text[TEXTS_MAX];
	size_t count;
};

static void
keep_text(char **field, void *arg)
{
	struct texts *t = arg;

	if (t->count < TEXTS_MAX)
		t->text[t->count++] = strdup(field[1]);
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Median over rounds of the mean over all texts: a text is seldom seen twice in a row, as in life.
 */
static void
bench(const struct run *run, const char *corpus)
{
	static struct texts t;
	static double us[ROUNDS];
	static struct understanding u;
	struct lexicon_size size;
	size_t letters = 0;

	tsv_read(corpus, keep_text, &t);
	for (size_t i = 0; i < t.count; i++)
		letters += characters(t.text[i]);
	for (int round = 0; round < ROUNDS; round++) {
		int64_t start = clock_mono_us();

		for (size_t i = 0; i < t.count; i++)
			understand(run->lx, run->scratch, t.text[i], strlen(t.text[i]), NULL, &u);
		us[round] = (double)(clock_mono_us() - start) / (double)t.count;
	}
	qsort(us, ROUNDS, sizeof(us[0]), by_value);
	lexicon_size(run->lx, &size);
	printf("# %zu texts of %.1f characters: median %.2f us, fastest %.2f, slowest tenth %.2f\n",
	    t.count, (double)letters / (double)t.count, us[ROUNDS / 2], us[0], us[ROUNDS * 9 / 10]);
	printf("# %zu categories, %zu keywords, %zu names, %zu states, %zu bytes\n",
	    size.categories, size.keywords, size.places, size.states, size.bytes);
	for (size_t i = 0; i < t.count; i++)
		free(t.text[i]);
}

int
main(int argc, char **argv)
{
	struct run run = { .score = { { "kind", 0, 0 }, { "category", 0, 0 }, { "proposed", 0, 0 },
			       { "harmless", 0, 0 }, { "unit", 0, 0 }, { "parts", 0, 0 },
			       { "language", 0, 0 }, { "urgent", 0, 0 } } };
	bool benching = argc > 1 && strcmp(argv[1], "-b") == 0;
	struct lexicon *lx;
	int failed = 0;

	run.verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	if (benching || run.verbose) {
		argv++;
		argc--;
	}
	if (argc < 3) {
		fprintf(
		    stderr, "usage: understand_corpus [-v | -b] DATA CORPUS [NAME=PERCENT]...\n");
		return 64;
	}
	run.lx = lx = understand_data_load(argv[1]);
	run.scratch = understand_scratch_new();
	if (benching) {
		bench(&run, argv[2]);
	} else {
		tsv_read(argv[2], row, &run);
		failed = report(&run, argv[2], argv + 3);
		if (!failed)
			printf("ok - %s\n", argv[2]);
	}
	understand_scratch_free(&run.scratch);
	lexicon_free(&lx);
	return failed;
}
