/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The database as hailanctl uses it: one statement after the other, waiting for each. Parameters
 * and values are text. (The daemon's processes use database/database.h.)
 */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct sql;
struct sql_rows;
struct sql_statement;

/* Connects within 10 s to each host. search_path is hailan. */
bool sql_open(const char *conninfo, struct sql **out, struct err *err);
/* Accepts NULL, sets NULL. */
void sql_close(struct sql **sql);

/* Runs one statement; values (NULL elements are NULL) for $1 to $count, which the statement must
 * cast. *rows may be NULL when nobody wants them; else the caller's (sql_rows_free). */
bool sql_query(struct sql *sql, const char *text, unsigned count, const char *const *values,
    struct sql_rows **rows, struct err *err);
/* Several statements in one text, without parameters. */
bool sql_script(struct sql *sql, const char *text, struct err *err);
/* The SQLSTATE of the last failure; "" when it was none of the server's. */
const char *sql_state(const struct sql *sql);

int sql_count(const struct sql_rows *rows);
/* NULL is NULL. A column that is not there is a bug and aborts. Lent. */
const char *sql_text(const struct sql_rows *rows, int row, const char *column);
/* As above; "" for NULL and when there is no such column. */
const char *sql_optional(const struct sql_rows *rows, int row, const char *column);
void sql_rows_free(struct sql_rows **rows);
