/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct normal;

/*
 * Where it is, as far as the text says so. What it does not say stays empty ("" or 0): whoever
 * reads it fills the rest from the household of the phone.
 */
enum address_level {
	ADDRESS_NONE,
	ADDRESS_CITY,
	ADDRESS_STREET,    /* 街道 */
	ADDRESS_TOWN,      /* 镇, 乡 */
	ADDRESS_COMMUNITY, /* 社区 */
	ADDRESS_VILLAGE,   /* 村 */
	ADDRESS_GRID,
	ADDRESS_ESTATE,     /* 小区 */
	ADDRESS_LANDMARK,   /* a known building, bridge, river: its unit is the parent */
	ADDRESS_DEPARTMENT, /* never a place; known so that a table of units can be given whole */
};

enum address_side {
	ADDRESS_SIDE_NONE,
	ADDRESS_EAST,
	ADDRESS_WEST,
	ADDRESS_SOUTH,
	ADDRESS_NORTH,
	ADDRESS_MIDDLE,
	ADDRESS_LEFT,
	ADDRESS_RIGHT,
};

#define ADDRESS_PART 12u
#define ADDRESS_UNITS 4u

struct address {
	/* The units that it may be in: one, when the name is unambiguous or the rest of the text or
	 * the sender's home decided; several, when a name such as 龙池 exists twice and nothing
	 * decides. unit[0] is the likeliest. All of one text's more general units (its street, its
	 * town) are left out. */
	int64_t unit[ADDRESS_UNITS];
	enum address_level level[ADDRESS_UNITS];
	unsigned units;
	/* Digits, or a letter, without leading zeros: "3", "12", "A"; rooms "501". */
	char building[ADDRESS_PART];
	char entrance[ADDRESS_PART]; /* 单元 */
	char room[ADDRESS_PART];
	int floor; /* 0 when not said; the floor that the room number tells is not put here */
	enum address_side side;
	/* A place in words ("菜市场门口"): bytes [at, at + len) of the original text; len 0: none.
	 */
	uint32_t landmark_at;
	uint32_t landmark_len;
	/* The bytes of the original from the first to the last part of the address. */
	uint32_t at;
	uint32_t len;
};

/* "community" …; "none" for ADDRESS_NONE. "town" also parses from "township". */
const char *address_level_name(enum address_level l);
bool address_level_parse(const char *name, enum address_level *l);
/* "east" …, "" for none. */
const char *address_side_name(enum address_side s);

/* A name of a unit, found in the text by the automaton: code points [at, at + len). place is an
 * index into the table of places. */
struct address_name {
	uint32_t place;
	uint16_t at;
	uint16_t len;
};

/* A unit, one entry for each of its names; entries with the same unit agree in level and parent. */
struct address_place {
	int64_t unit;
	int64_t parent; /* 0: none */
	enum address_level level;
	bool needs_suffix; /* an ordinary word (文化, 前进): counts only with 社区 … behind it */
};

/* Fills *out. names are in the order of their beginnings, none inside another but names of the same
 * place in the text. home (0: unknown) is the unit where the sender lives. Allocates nothing. */
void address_find(const struct normal *text, const struct address_place *places, size_t place_count,
    const struct address_name *names, size_t name_count, int64_t home, struct address *out);
