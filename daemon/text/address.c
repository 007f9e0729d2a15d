/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address grammar, by hand: a number means something only by the word behind it, and one pass
 * over the code points finds all of them without a regular expression being tried at each. Numbers
 * that are prices, times, temperatures and floors never become buildings.
 */
#include "text/address.h"

#include <stdio.h>
#include <string.h>
#include <uchar.h>

#include "text/normalise.h"
#include "text/number.h"

enum part { PART_NONE, PART_BUILDING, PART_ENTRANCE, PART_ROOM, PART_FLOOR, PART_STOREY };

struct word {
	const char32_t *text;
	int value;
};

/* Behind a number. PART_STOREY: 楼, a floor, or a building when a 单元 follows. Longer ones first.
 */
static const struct word part_words[] = { { U"号楼", PART_BUILDING }, { U"号栋", PART_BUILDING },
	{ U"号幢", PART_BUILDING }, { U"号搂", PART_BUILDING }, { U"号院", PART_NONE },
	{ U"栋楼", PART_BUILDING }, { U"栋", PART_BUILDING }, { U"幢", PART_BUILDING },
	{ U"座", PART_BUILDING }, { U"#楼", PART_BUILDING }, { U"#", PART_BUILDING },
	{ U"号室", PART_ROOM }, { U"单元", PART_ENTRANCE }, { U"单园", PART_ENTRANCE },
	{ U"单员", PART_ENTRANCE }, { U"单源", PART_ENTRANCE }, { U"单圆", PART_ENTRANCE },
	{ U"门洞", PART_ENTRANCE }, { U"室", PART_ROOM }, { U"号房", PART_ROOM },
	{ U"号", PART_ROOM }, { U"楼", PART_STOREY }, { U"层", PART_FLOOR },
	{ U"호동", PART_BUILDING }, { U"호루", PART_BUILDING }, { U"호집", PART_BUILDING },
	{ U"동", PART_BUILDING }, { U"단원", PART_ENTRANCE }, { U"호실", PART_ROOM },
	{ U"호", PART_ROOM }, { U"층", PART_FLOOR }, { NULL, 0 } };

/* Behind a place's name: what level the sender means. */
static const struct word level_words[] = { { U"社区", ADDRESS_COMMUNITY },
	{ U"居委会", ADDRESS_COMMUNITY }, { U"사회구역", ADDRESS_COMMUNITY },
	{ U"사구", ADDRESS_COMMUNITY }, { U"주민위원회", ADDRESS_COMMUNITY },
	{ U"街道", ADDRESS_STREET }, { U"가두", ADDRESS_STREET }, { U"镇", ADDRESS_TOWN },
	{ U"乡", ADDRESS_TOWN }, { U"진", ADDRESS_TOWN }, { U"향", ADDRESS_TOWN },
	{ U"村", ADDRESS_VILLAGE }, { U"屯", ADDRESS_VILLAGE }, { U"촌", ADDRESS_VILLAGE },
	{ U"마을", ADDRESS_VILLAGE }, { U"市", ADDRESS_CITY }, { U"시", ADDRESS_CITY },
	{ NULL, 0 } };

/* Behind a bare name these make another name of it: 天图路, 龙井站, 三合小学. */
static const char32_t other_name[] = U"路街桥站江河山学校院园店所湖水库通";
/* Before and behind a bare name these do not hide it. */
static const char32_t before_name[] = U"在住是到去来从我俺们咱家于";
static const char32_t after_name[] = U"的这那里有小边北南东西门住居公";
static const char32_t after_name_ko[] = U"에의은는이가쪽입인도로";
/* Behind a number these make a measure of it. */
static const char32_t measures[] =
    U"元块钱度岁年月日天点时分秒米平斤个次人户家万千百级路趟只条件瓦伏"
    U"원도살년월일시분초개명번대키";
static const char32_t dashes[] = U"-—–‐‑−~";

static const struct word side_words[] = { { U"东门", ADDRESS_EAST }, { U"东户", ADDRESS_EAST },
	{ U"东侧", ADDRESS_EAST }, { U"东屋", ADDRESS_EAST }, { U"东头", ADDRESS_EAST },
	{ U"西门", ADDRESS_WEST }, { U"西户", ADDRESS_WEST }, { U"西侧", ADDRESS_WEST },
	{ U"西屋", ADDRESS_WEST }, { U"西头", ADDRESS_WEST }, { U"南门", ADDRESS_SOUTH },
	{ U"南侧", ADDRESS_SOUTH }, { U"北门", ADDRESS_NORTH }, { U"北侧", ADDRESS_NORTH },
	{ U"中门", ADDRESS_MIDDLE }, { U"中户", ADDRESS_MIDDLE }, { U"中间门", ADDRESS_MIDDLE },
	{ U"左侧", ADDRESS_LEFT }, { U"左边", ADDRESS_LEFT }, { U"左门", ADDRESS_LEFT },
	{ U"右侧", ADDRESS_RIGHT }, { U"右边", ADDRESS_RIGHT }, { U"右门", ADDRESS_RIGHT },
	{ U"동쪽", ADDRESS_EAST }, { U"서쪽", ADDRESS_WEST }, { U"남쪽", ADDRESS_SOUTH },
	{ U"북쪽", ADDRESS_NORTH }, { U"가운데", ADDRESS_MIDDLE }, { U"왼쪽", ADDRESS_LEFT },
	{ U"오른쪽", ADDRESS_RIGHT }, { NULL, 0 } };

/* What ends a place in words. 1: says where, seen from the words before it; 2: is a place itself.
 */
static const struct word landmark_words[] = { { U"门口", 1 }, { U"门前", 1 }, { U"对面", 1 },
	{ U"旁边", 1 }, { U"附近", 1 }, { U"后身", 1 }, { U"后面", 1 }, { U"跟前", 1 },
	{ U"桥头", 2 }, { U"路口", 2 }, { U"广场", 2 }, { U"市场", 2 }, { U"胡同", 2 },
	{ U"小学", 2 }, { U"中学", 2 }, { U"医院", 2 }, { U"车站", 2 }, { U"公园", 2 },
	{ U"大桥", 2 }, { U"옆", 3 }, { U"앞", 3 }, { U"뒤", 3 }, { U"근처", 3 }, { U"맞은편", 3 },
	{ U"건너편", 3 }, { NULL, 0 } };
static const char32_t landmark_stops[] = U"在就到去我俺们的有是从把让";
#define LANDMARK_LETTERS 10u

static const char *const level_names[] = {
	[ADDRESS_NONE] = "none",
	[ADDRESS_CITY] = "city",
	[ADDRESS_STREET] = "street",
	[ADDRESS_TOWN] = "town",
	[ADDRESS_COMMUNITY] = "community",
	[ADDRESS_VILLAGE] = "village",
	[ADDRESS_GRID] = "grid",
	[ADDRESS_ESTATE] = "estate",
	[ADDRESS_LANDMARK] = "landmark",
	[ADDRESS_DEPARTMENT] = "department",
};
static const char *const side_names[] = {
	[ADDRESS_SIDE_NONE] = "",
	[ADDRESS_EAST] = "east",
	[ADDRESS_WEST] = "west",
	[ADDRESS_SOUTH] = "south",
	[ADDRESS_NORTH] = "north",
	[ADDRESS_MIDDLE] = "middle",
	[ADDRESS_LEFT] = "left",
	[ADDRESS_RIGHT] = "right",
};

const char *
address_level_name(enum address_level l)
{
	return level_names[l];
}

bool
address_level_parse(const char *name, enum address_level *l)
{
	if (strcmp(name, "township") == 0)
		name = "town";
	for (unsigned i = 1; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(name, level_names[i]) == 0) {
			*l = (enum address_level)i;
			return true;
		}
	return false;
}

const char *
address_side_name(enum address_side s)
{
	return side_names[s];
}

static bool
in_set(uint32_t cp, const char32_t *set)
{
	for (; *set != 0; set++)
		if (*set == cp)
			return true;
	return false;
}

/* The length of word when the text goes on with it at i, without white space inside; else 0. */
static uint32_t
starts(const struct normal *t, uint32_t i, const char32_t *word)
{
	uint32_t n = 0;

	for (; word[n] != 0; n++)
		if (t->cp[i + n] != word[n] || (n > 0 && t->gap[i + n]))
			return 0;
	return n;
}

static uint32_t
find_word(const struct normal *t, uint32_t i, const struct word *words, int *value)
{
	for (; words->text != NULL; words++) {
		uint32_t n = t->cp[i] == words->text[0] ? starts(t, i, words->text) : 0;

		if (n > 0) {
			*value = words->value;
			return n;
		}
	}
	return 0;
}

/* A word may end at i: the text ends there, or white space or a sign follows. */
static bool
ends_at(const struct normal *t, uint32_t i)
{
	return i >= t->count || t->gap[i] || !normalise_is_letter(t->cp[i]);
}

static bool
begins_at(const struct normal *t, uint32_t i)
{
	return i == 0 || t->gap[i] || !normalise_is_letter(t->cp[i - 1]);
}

/* ---- numbers with the word behind them ---- */

/* The state of the pass over one text. */
struct parse {
	const struct normal *t;
	struct address *out;
	uint32_t end;      /* where the last part of an address ended */
	enum part last;    /* and which it was */
	bool after_name;   /* a place's name ended at end */
	uint32_t first_at; /* first code point of the address; UINT32_MAX: none yet */
	uint32_t last_end;
};

static void
cover(struct parse *p, uint32_t from, uint32_t to)
{
	if (p->first_at == UINT32_MAX || from < p->first_at)
		p->first_at = from;
	if (to > p->last_end)
		p->last_end = to;
}

static bool
is_number_start(uint32_t cp)
{
	struct number n;

	if (cp < 0x80)
		return cp >= '0' && cp <= '9';
	return number_read(&cp, 1, &n) != 0;
}

static bool
is_adjacent(const struct parse *p, uint32_t at)
{
	uint32_t i = p->end;

	if (p->last == PART_NONE && !p->after_name)
		return false;
	while (i < at && !normalise_is_letter(p->t->cp[i]) && p->t->cp[i] != U'。')
		i++;
	return i == at;
}

static void
set_part(char *field, uint64_t value)
{
	if (field[0] == '\0')
		snprintf(field, ADDRESS_PART, "%u", (unsigned)(value % 100000));
}

/* 동 behind a number is a building only if no other word begins with it (3동네, 이동). */
static bool
is_korean_building(const struct normal *t, const struct number *n, uint32_t after, bool adjacent)
{
	struct number next;
	int part;
	uint32_t k;

	k = (uint32_t)number_read(t->cp + after, t->count - after, &next);
	if (k > 0 && find_word(t, after + k, part_words, &part) > 0 && part != PART_STOREY)
		return true;
	if (!ends_at(t, after) &&
	    !(n->form == NUMBER_ARABIC && in_set(t->cp[after], U"에의은는이가인입앞뒤옆")))
		return false;
	return n->form == NUMBER_ARABIC || adjacent || n->value > 10;
}

/* 楼 behind a number is a building when an entrance follows it. */
static bool
is_storey_building(const struct normal *t, uint32_t after)
{
	struct number next;
	int part;
	uint32_t k = (uint32_t)number_read(t->cp + after, t->count - after, &next);

	return k > 0 && find_word(t, after + k, part_words, &part) > 0 && part == PART_ENTRANCE;
}

/* Which part the number at `at` is, given the word behind it; PART_NONE when it is none. */
static enum part
judge(const struct parse *p, const struct number *n, uint32_t at, uint32_t word_at, enum part part,
    uint32_t after)
{
	bool adjacent = is_adjacent(p, at);

	if (n->value == 0 || (n->form != NUMBER_ARABIC && p->t->gap[word_at]))
		return PART_NONE;
	switch (part) {
	case PART_BUILDING:
		if (n->digits > 3)
			return PART_NONE;
		if (p->t->cp[word_at] == U'座' && !adjacent && n->form != NUMBER_ARABIC)
			return PART_NONE;
		if (p->t->cp[word_at] == U'동' && !is_korean_building(p->t, n, after, adjacent))
			return PART_NONE;
		return part;
	case PART_ENTRANCE:
		return n->digits <= 2 ? part : PART_NONE;
	case PART_ROOM:
		if (p->t->cp[word_at] == U'号' || p->t->cp[word_at] == U'호')
			return adjacent && n->digits <= 4 && p->last != PART_NONE ? part
										  : PART_NONE;
		return n->digits >= 3 && n->digits <= 4 ? part : PART_NONE;
	case PART_STOREY:
		if (is_storey_building(p->t, after))
			return PART_BUILDING;
		return n->value <= 60 ? PART_FLOOR : PART_NONE;
	case PART_FLOOR:
		return n->value <= 60 ? part : PART_NONE;
	default:
		return PART_NONE;
	}
}

static void
take(struct parse *p, enum part part, const struct number *n, uint32_t from, uint32_t to)
{
	struct address *a = p->out;

	if (part == PART_BUILDING)
		set_part(a->building, n->value);
	else if (part == PART_ENTRANCE)
		set_part(a->entrance, n->value);
	else if (part == PART_ROOM)
		set_part(a->room, n->value);
	else if (part == PART_FLOOR && a->floor == 0)
		a->floor = (int)n->value;
	p->end = to;
	p->last = part;
	p->after_name = false;
	cover(p, from, to);
}

static void
take_side(struct parse *p)
{
	uint32_t i = p->end;
	int side;
	uint32_t n = find_word(p->t, i, side_words, &side);

	if (n == 0 || p->out->side != ADDRESS_SIDE_NONE)
		return;
	p->out->side = (enum address_side)side;
	p->end = i + n;
	cover(p, i, p->end);
}

/* 3-2-501, 3-501, and 12-1 behind a community's name. Returns where it ends, 0 when it is none. */
static uint32_t
read_chain(struct parse *p, uint32_t at, const struct number *first)
{
	const struct normal *t = p->t;
	struct number n[4] = { *first };
	uint32_t i = at + first->count, groups = 1;

	if (at > 0 && !t->gap[at] &&
	    (in_set(t->cp[at - 1], dashes) || in_set(t->cp[at - 1], U".:/")))
		return 0;
	while (groups < 4 && i < t->count && in_set(t->cp[i], dashes)) {
		uint32_t k = (uint32_t)number_read(t->cp + i + 1, t->count - i - 1, &n[groups]);

		if (k == 0)
			break;
		i += k + 1;
		groups++;
	}
	if (groups < 2 || groups > 3 || n[0].digits > 3 || n[0].value == 0 ||
	    (i < t->count && !t->gap[i] &&
		(in_set(t->cp[i], measures) || in_set(t->cp[i], dashes))))
		return 0;
	if (groups == 3 && n[1].digits <= 2 && n[2].digits >= 3 && n[2].digits <= 4) {
		take(p, PART_BUILDING, &n[0], at, i);
		take(p, PART_ENTRANCE, &n[1], at, i);
		take(p, PART_ROOM, &n[2], at, i);
	} else if (groups == 2 && n[1].digits >= 3 && n[1].digits <= 4 && n[1].value >= 100) {
		take(p, PART_BUILDING, &n[0], at, i);
		take(p, PART_ROOM, &n[1], at, i);
	} else if (groups == 2 && n[1].digits <= 2 && p->after_name && is_adjacent(p, at)) {
		take(p, PART_BUILDING, &n[0], at, i);
		take(p, PART_ENTRANCE, &n[1], at, i);
	} else {
		return 0;
	}
	i += starts(t, i, U"室") + starts(t, i, U"호");
	p->end = i;
	return i;
}

/* A bare 501 right behind a building, an entrance or a floor. */
static bool
is_bare_room(const struct parse *p, const struct number *n, uint32_t at)
{
	uint32_t after = at + n->count;

	return (p->last == PART_BUILDING || p->last == PART_ENTRANCE || p->last == PART_FLOOR) &&
	       is_adjacent(p, at) && n->digits >= 3 && n->digits <= 4 && n->value >= 100 &&
	       (after >= p->t->count || p->t->gap[after] || !in_set(p->t->cp[after], measures));
}

/* Handles the number at `at`; returns where to go on. */
static uint32_t
read_part(struct parse *p, uint32_t at)
{
	const struct normal *t = p->t;
	struct number n;
	uint32_t k = (uint32_t)number_read(t->cp + at, t->count - at, &n), after, w;
	enum part part;
	int value;

	if (k == 0)
		return at + 1;
	after = at + k;
	if ((w = read_chain(p, at, &n)) != 0)
		return w;
	w = after < t->count ? find_word(t, after, part_words, &value) : 0;
	part = w > 0 ? judge(p, &n, at, after, (enum part)value, after + w) : PART_NONE;
	if (part != PART_NONE)
		take(p, part, &n, at, after + w);
	else if (is_bare_room(p, &n, at))
		take(p, PART_ROOM, &n, at, after);
	else
		return after;
	take_side(p);
	return p->end;
}

/* a座, b栋, c3号楼 are buildings too. */
static uint32_t
read_letter(struct parse *p, uint32_t at)
{
	const struct normal *t = p->t;
	uint32_t w = starts(t, at + 1, U"座") + starts(t, at + 1, U"栋") +
		     starts(t, at + 1, U"号楼") + starts(t, at + 1, U"동");

	if (w == 0 || (!begins_at(t, at) && !is_adjacent(p, at)))
		return at + 1;
	if (p->out->building[0] == '\0')
		snprintf(p->out->building, ADDRESS_PART, "%c", (int)(t->cp[at] - 'a' + 'A'));
	p->end = at + 1 + w;
	p->last = PART_BUILDING;
	cover(p, at, p->end);
	return p->end;
}

/* ---- names ---- */

/* A name that counts: the units that it may be. */
struct mention {
	uint32_t at, end;
	uint32_t place[ADDRESS_UNITS];
	unsigned places;
	bool suffixed;
};

#define MENTIONS 12u

/* Number and building word, or a chain, at i. */
static bool
building_follows(const struct normal *t, uint32_t i)
{
	struct number n;
	uint32_t k = i < t->count ? (uint32_t)number_read(t->cp + i, t->count - i, &n) : 0;
	int part;

	if (k == 0 || n.digits > 3)
		return false;
	if (in_set(t->cp[i + k], dashes))
		return number_read(t->cp + i + k + 1, t->count - i - k - 1, &n) > 0;
	return find_word(t, i + k, part_words, &part) > 0 && part == PART_BUILDING;
}

static bool
is_bare_name(const struct normal *t, uint32_t at, uint32_t end, bool after_place)
{
	bool korean = normalise_is_hangul(t->cp[at]);

	if (end < t->count && !t->gap[end] && in_set(t->cp[end], other_name))
		return false;
	if (building_follows(t, end))
		return begins_at(t, at) || after_place || in_set(t->cp[at - 1], before_name) ||
		       !korean;
	if (!begins_at(t, at) && !after_place && (korean || !in_set(t->cp[at - 1], before_name)))
		return !korean && end - at >= 3;
	if (ends_at(t, end))
		return true;
	return korean ? in_set(t->cp[end], after_name_ko)
		      : end - at >= 3 || in_set(t->cp[end], after_name);
}

/* Fills m from the names at one place of the text; false when none of them counts. */
static bool
accept(const struct normal *t, const struct address_place *places, const struct address_name *names,
    size_t count, int64_t home, bool after_place, struct mention *m)
{
	uint32_t at = names[0].at, end = at + names[0].len;
	int level = ADDRESS_NONE;
	uint32_t w = end < t->count ? find_word(t, end, level_words, &level) : 0;
	bool bare, building;

	if (w > 0 && t->gap[end] && w == 1)
		w = 0;
	bare = is_bare_name(t, at, end, after_place);
	building = building_follows(t, end);
	*m = (struct mention){ .at = at, .end = end };
	for (size_t i = 0; w > 0 && i < count && m->places < ADDRESS_UNITS; i++)
		if ((int)places[names[i].place].level == level)
			m->place[m->places++] = names[i].place;
	if (m->places > 0) {
		m->end = end + w;
		m->suffixed = true;
		return true;
	}
	if (starts(t, end, U"小区") > 0)
		bare = true;
	for (size_t i = 0; i < count && m->places < ADDRESS_UNITS; i++) {
		const struct address_place *place = &places[names[i].place];
		bool known = !place->needs_suffix || (home != 0 && place->unit == home) ||
			     after_place || (building && place->level == ADDRESS_COMMUNITY) ||
			     starts(t, end, U"小区") > 0;

		if (place->level == ADDRESS_LANDMARK || (bare && known))
			m->place[m->places++] = names[i].place;
	}
	return m->places > 0;
}

/* How precise a level is; the most precise mention is where it is. */
static int
precision(enum address_level l)
{
	switch (l) {
	case ADDRESS_ESTATE:
	case ADDRESS_GRID:
		return 5;
	case ADDRESS_COMMUNITY:
	case ADDRESS_VILLAGE:
		return 4;
	case ADDRESS_STREET:
	case ADDRESS_TOWN:
		return 3;
	case ADDRESS_LANDMARK:
		return 2;
	case ADDRESS_CITY:
		return 1;
	default:
		return 0;
	}
}

static const struct address_place *
find_unit(const struct address_place *places, size_t count, int64_t unit)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].unit == unit)
			return &places[i];
	return NULL;
}

/* unit is below (or is) above. */
static bool
is_within(const struct address_place *places, size_t count, int64_t unit, int64_t above)
{
	for (int depth = 0; unit != 0 && depth < 8; depth++) {
		const struct address_place *p = find_unit(places, count, unit);

		if (unit == above)
			return true;
		unit = p == NULL ? 0 : p->parent;
	}
	return false;
}

/* Keeps of best's candidates those that lie in unit `above`, if any does. */
static void
narrow(const struct address_place *places, size_t count, struct mention *best, int64_t above)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < best->places; i++)
		if (is_within(places, count, places[best->place[i]].unit, above))
			best->place[kept++] = best->place[i];
	if (kept > 0)
		best->places = kept;
}

static void
choose(const struct address_place *places, size_t count, struct mention *m, size_t mentions,
    int64_t home, struct address *out)
{
	struct mention *best = NULL;
	int score = 0;

	for (size_t i = 0; i < mentions; i++) {
		int s = precision(places[m[i].place[0]].level) * 2 + m[i].suffixed;

		if (s > score) {
			score = s;
			best = &m[i];
		}
	}
	if (best == NULL)
		return;
	for (size_t i = 0; best->places > 1 && i < mentions; i++)
		if (&m[i] != best && m[i].places == 1)
			narrow(places, count, best, places[m[i].place[0]].unit);
	if (best->places > 1 && home != 0) {
		const struct address_place *h = find_unit(places, count, home);

		narrow(places, count, best, home);
		if (best->places > 1 && h != NULL && h->parent != 0)
			narrow(places, count, best, h->parent);
	}
	for (unsigned i = 0; i < best->places; i++) {
		const struct address_place *p = &places[best->place[i]];
		unsigned j = 0;

		if (p->level == ADDRESS_LANDMARK)
			p = find_unit(places, count, p->parent);
		if (p == NULL || p->level == ADDRESS_CITY)
			continue;
		while (j < out->units && out->unit[j] != p->unit)
			j++;
		if (j < out->units)
			continue;
		out->unit[j] = p->unit;
		out->level[j] = p->level;
		out->units++;
	}
}

/* A community comes before a village of the same name when a building is said. */
static void
order_units(struct address *out)
{
	for (unsigned i = 1; i < out->units; i++)
		if (out->level[i] == ADDRESS_COMMUNITY && out->level[0] != ADDRESS_COMMUNITY) {
			int64_t unit = out->unit[0];

			out->unit[0] = out->unit[i];
			out->unit[i] = unit;
			out->level[i] = out->level[0];
			out->level[0] = ADDRESS_COMMUNITY;
		}
}

static size_t
find_mentions(const struct normal *t, const struct address_place *places,
    const struct address_name *names, size_t count, int64_t home, struct mention *m)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < MENTIONS;) {
		size_t same = i + 1;
		uint32_t end = (uint32_t)names[i].at + names[i].len;
		bool after = n > 0 && m[n - 1].end == names[i].at &&
			     places[m[n - 1].place[0]].level <= ADDRESS_TOWN;

		while (same < count && names[same].at == names[i].at &&
		       names[same].len == names[i].len)
			same++;
		if ((n == 0 || names[i].at >= m[n - 1].end) && end <= t->count &&
		    accept(t, places, names + i, same - i, home, after, &m[n]))
			n++;
		i = same;
	}
	return n;
}

/* ---- places in words ---- */

/* The words that lead to i, back to a border. */
static uint32_t
landmark_start(
    const struct parse *p, uint32_t i, const struct mention *m, size_t mentions, bool korean)
{
	const struct normal *t = p->t;
	uint32_t floor_at = p->last_end <= i && p->first_at != UINT32_MAX ? p->last_end : 0, at = i;

	for (size_t k = 0; k < mentions; k++)
		if (m[k].end <= i && m[k].end > floor_at && (m[k].suffixed || m[k].end < i))
			floor_at = m[k].end;
	if (korean && at > floor_at && t->gap[at])
		at--;
	while (at > floor_at && i - at < LANDMARK_LETTERS) {
		if (!normalise_is_letter(t->cp[at - 1]) || in_set(t->cp[at - 1], landmark_stops))
			break;
		if (t->gap[at] && at != i)
			break;
		at--;
	}
	return at;
}

static void
find_landmark(const struct parse *p, const struct mention *m, size_t mentions, struct address *out)
{
	const struct normal *t = p->t;

	for (uint32_t i = 1; i < t->count; i++) {
		int value, next;
		uint32_t n, at, more;

		if (t->cp[i] < 0x2e80)
			continue;
		n = find_word(t, i, landmark_words, &value);
		if (n == 0 || (value != 3 && t->gap[i]) ||
		    (value == 3 && (!t->gap[i] || normalise_is_han(t->cp[i - 1]))))
			continue;
		at = landmark_start(p, i, m, mentions, value == 3);
		while (!t->gap[i + n] && (more = find_word(t, i + n, landmark_words, &next)) > 0)
			n += more;
		if (i - at < (value == 2 ? 1u : 2u))
			continue;
		out->landmark_at = t->src[at];
		out->landmark_len = (uint32_t)t->end[i + n - 1] - t->src[at];
		return;
	}
}

void
address_find(const struct normal *text, const struct address_place *places, size_t place_count,
    const struct address_name *names, size_t name_count, int64_t home, struct address *out)
{
	struct mention mentions[MENTIONS];
	struct parse p = { .t = text, .out = out, .first_at = UINT32_MAX };
	size_t count, next = 0;

	memset(out, 0, sizeof(*out));
	count = find_mentions(text, places, names, name_count, home, mentions);
	for (uint32_t i = 0; i < text->count;) {
		if (next < count && i >= mentions[next].at) {
			i = p.end = mentions[next].end;
			p.after_name = true;
			p.last = PART_NONE;
			if (places[mentions[next].place[0]].level != ADDRESS_LANDMARK)
				cover(&p, mentions[next].at, i);
			next++;
		} else if (text->cp[i] >= 'a' && text->cp[i] <= 'z') {
			i = read_letter(&p, i);
		} else if (is_number_start(text->cp[i])) {
			i = read_part(&p, i);
		} else {
			i++;
		}
	}
	choose(places, place_count, mentions, count, home, out);
	order_units(out);
	find_landmark(&p, mentions, count, out);
	if (p.first_at != UINT32_MAX) {
		out->at = text->src[p.first_at];
		out->len = (uint32_t)text->end[p.last_end - 1] - out->at;
	}
}
