/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/command.h"

struct plan;

/*
 * A volunteer who comes to help with a wish, or who cannot after all: "接20046", "20046我去 带2人
 * 自带镰刀", "신청 20046 2명", "退20046", "20046去不了". A text that is not clearly one of these is
 * none.
 */
enum claim_verb { CLAIM_NONE, CLAIM_COME, CLAIM_DROP };

struct claim {
	enum claim_verb verb;
	enum command_number number_state;
	uint64_t number; /* as it was typed when it cannot be one */
};

/* Parses UTF-8; what the text says of people and tools is added to *plan, which is the caller's.
 * False: it is no claim, *out says CLAIM_NONE, and *plan holds nothing that counts. */
bool claim_parse(const char *text, size_t len, struct claim *out, struct plan *plan);
