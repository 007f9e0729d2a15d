/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside this folder only: what a struct result is made of. */
#include <libpq-fe.h>

struct result {
	PGresult *rows;
};
