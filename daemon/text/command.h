/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a member of staff asks for in one short text: a word, the number of a case, and what the
 * word needs. "收 20007", "20007收", "转城管20007", "延20007 2天 等配件", "완료20007 청소함".
 * Chinese and Korean, any width and script of digits, the number first, last or after the word. A
 * text that is not clearly a command is none: it is a report like anybody's.
 */
enum command_verb {
	COMMAND_NONE,
	COMMAND_ACCEPT,
	COMMAND_START,
	COMMAND_PASS_UP,
	COMMAND_TRANSFER,
	COMMAND_REFUSE,
	COMMAND_EXTEND,
	COMMAND_GRANT,
	COMMAND_DENY,
	COMMAND_DONE,
	COMMAND_EXPLAIN,
	COMMAND_OUTSIDE,
	COMMAND_REPORT,
	COMMAND_LOOK_INTO,
	COMMAND_EVALUATE,
	COMMAND_REWORK,
	COMMAND_REOPEN,
	COMMAND_WITHDRAW,
	COMMAND_SUPERVISE,
	COMMAND_CRITICISE,
	COMMAND_UNSUPERVISE,
	COMMAND_MERGE,
	COMMAND_HOLD,
	COMMAND_RESUME,
	COMMAND_URGENT,
	COMMAND_CHASE,
	COMMAND_NOTE,
	COMMAND_LOOK,
	COMMAND_WRITE, /* what is said in a recording */
	COMMAND_LIST,
	COMMAND_HELP,
	COMMAND_REPORT_FOR, /* the text is a resident's */
	COMMAND_WISH_FOR,
	COMMAND_PUBLISH, /* of a wish, with its plan */
	COMMAND_DRAFT,
	COMMAND_ABSENT, /* who did not come */
	COMMAND_ARCHIVE,
	COMMAND_VISIT, /* was at a door: rest[0] is where, and how it was there */
	COMMAND_HOURS, /* how long helping with a wish took, with its plan */
	COMMAND_BOARD, /* small matters that a community takes itself */
	COMMAND_VERBS
};

/* "accept" …: the action in the table case_action, or list, help, report_for, wish_for,
 * visit. */
const char *command_name(enum command_verb verb);

/* Bytes [at, at + len) of the text. */
struct command_span {
	size_t at, len;
};

enum command_number { COMMAND_NO_NUMBER, COMMAND_NUMBER, COMMAND_MISTYPED };

struct command {
	enum command_verb verb;
	enum command_number number_state;
	uint64_t number;             /* of the case; as it was typed when it cannot be one */
	uint64_t second;             /* COMMAND_MERGE: the case to merge it into; 0 none */
	int days;                    /* COMMAND_EXTEND: 1 to 60; 0 none */
	struct command_span word;    /* COMMAND_TRANSFER: the name of a unit */
	struct command_span rest[2]; /* what else was said, before and after the number */
	char phone[20];              /* REPORT_FOR, WISH_FOR: "+8613812345678"; "" none */
};

/* Parses UTF-8 of any length; only the first 2000 bytes are looked at for a command. False: it is
 * no command, and *out says COMMAND_NONE. */
bool command_parse(const char *text, size_t len, struct command *out);

/* The first number that can be one of a case or wish, else the first with as many digits: code
 * points [from, to) of a normalised text, with the words around it. False: there is none. */
struct command_place {
	uint32_t from, to;
	uint64_t value;
	bool good;
};
struct normal;
bool command_number(const struct normal *t, struct command_place *out);

/* A bare answer with the number of what it answers: "20007 1", "20007是", "네 20007". False: it is
 * no such thing. */
bool command_answer(const char *text, size_t len, uint64_t *number, bool *yes);

/* An answer in words to "is it solved?", and nothing else but thanks: "修好了", "还没修好", "아직
 * 안됐어요". Bare digits and plain yes and no are not looked at here. */
bool command_solved(const char *text, size_t len, bool *yes);

/* Four digits and nothing else, of any width: what we asked to be sent back. */
bool command_code(const char *text, size_t len, char code[5]);

/* The whole text asks for the hours that the sender has in the time bank, in whatever words: "余额",
 * "我的时间银行还有几个小时？", "시간은행 잔액 알려주세요". */
bool command_balance(const char *text, size_t len);
