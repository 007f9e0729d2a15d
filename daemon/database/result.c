/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the rows of a result. A column of another shape than the caller thinks is a bug in the
 * statement or in the caller: it aborts here, and does not give a wrong number. */
#include "database/result.h"
#include "database/database.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

int
result_rows(const struct result *r)
{
	return PQntuples(r->rows);
}

int
result_column(const struct result *r, const char *name)
{
	int column = PQfnumber(r->rows, name);

	if (column < 0) {
		log_error("database: a statement gives no column %s", name);
		abort();
	}
	return column;
}

bool
result_null(const struct result *r, int row, int column)
{
	return PQgetisnull(r->rows, row, column);
}

static uint64_t
integer_bytes(const struct result *r, int row, int column, int *len)
{
	const unsigned char *p = (const unsigned char *)PQgetvalue(r->rows, row, column);
	uint64_t v = 0;

	*len = PQgetlength(r->rows, row, column);
	for (int i = 0; i < *len && i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static _Noreturn void
wrong_type(const struct result *r, int column, const char *expected)
{
	log_error("database: column %s has type %u; expected %s", PQfname(r->rows, column),
	    PQftype(r->rows, column), expected);
	abort();
}

bool
result_bool(const struct result *r, int row, int column)
{
	if (PQftype(r->rows, column) != OID_BOOL)
		wrong_type(r, column, "bool");
	return !result_null(r, row, column) && PQgetvalue(r->rows, row, column)[0] != 0;
}

int64_t
result_int(const struct result *r, int row, int column)
{
	int len;
	uint64_t v = integer_bytes(r, row, column, &len);

	if (result_null(r, row, column))
		return 0;
	switch (PQftype(r->rows, column)) {
	case OID_INT2:
		return (int16_t)v;
	case OID_INT4:
		return (int32_t)v;
	case OID_INT8:
		return (int64_t)v;
	default:
		wrong_type(r, column, "int2, int4 or int8");
	}
}

double
result_float(const struct result *r, int row, int column)
{
	int len;
	uint64_t v = integer_bytes(r, row, column, &len);
	double d;

	if (PQftype(r->rows, column) != OID_FLOAT8)
		wrong_type(r, column, "float8");
	memcpy(&d, &v, sizeof(d));
	return result_null(r, row, column) ? 0 : d;
}

int64_t
result_time(const struct result *r, int row, int column)
{
	int len;
	uint64_t v = integer_bytes(r, row, column, &len);

	if (PQftype(r->rows, column) != OID_TIMESTAMPTZ)
		wrong_type(r, column, "timestamptz");
	if (result_null(r, row, column))
		return 0;
	if ((int64_t)v == INT64_MAX || (int64_t)v == INT64_MIN) /* infinity */
		return (int64_t)v;
	return clock_from_pg((int64_t)v);
}

const char *
result_bytes(const struct result *r, int row, int column, size_t *len)
{
	const char *p = PQgetvalue(r->rows, row, column);
	size_t n = (size_t)PQgetlength(r->rows, row, column);

	if (PQftype(r->rows, column) == OID_JSONB && n > 0) {
		p++;
		n--;
	}
	if (len != NULL)
		*len = n;
	return p;
}
