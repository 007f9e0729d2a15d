/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes are a command or none, with every span inside them; a claim or none; a plan of some
 * sort. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/claim.h"
#include "text/command.h"
#include "text/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct command_span *span, size_t size)
{
	assert(span->at <= size && span->len <= size - span->at);
}

static void
check_claim(const char *text, size_t size)
{
	struct buffer json = { 0 };
	struct claim claim;
	struct plan plan;

	plan_init(&plan);
	if (claim_parse(text, size, &claim, &plan))
		assert(claim.verb != CLAIM_NONE);
	plan_add(&plan, text, size);
	plan_json(&plan, &json);
	assert(json.len >= 2 && json.data[0] == '{' && json.data[json.len - 1] == '}');
	assert(plan.people >= 0 && plan.people <= 999 && plan.hour < 24 && plan.minute < 60);
	plan_clear(&plan);
	buffer_clear(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size == 0 ? 1 : size); /* so that a read past the end is seen */
	struct command c;
	uint64_t number = 0;
	char code[5];
	bool yes;

	memcpy(text, data, size);
	if (command_parse(text, size, &c)) {
		assert(c.verb > COMMAND_NONE && c.verb < COMMAND_VERBS);
		assert(command_name(c.verb) != NULL);
		assert(c.number_state != COMMAND_NUMBER || c.number % 13 == 0);
		assert(c.days >= 0 && c.days <= 60);
		assert(memchr(c.phone, '\0', sizeof(c.phone)) != NULL);
	} else {
		assert(c.verb == COMMAND_NONE);
	}
	check(&c.word, size);
	check(&c.rest[0], size);
	check(&c.rest[1], size);
	if (command_answer(text, size, &number, &yes))
		assert(number % 13 == 0);
	(void)command_solved(text, size, &yes);
	if (command_code(text, size, code))
		assert(strlen(code) == 4);
	check_claim(text, size);
	free(text);
	return 0;
}
