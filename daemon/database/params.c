/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters in PostgreSQL's binary form: big-endian integers, times in microseconds since 2000,
 * arrays with a header of 20 bytes that is written when the array ends.
 */
#include "database/database.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"

enum { ARRAY_HEADER = 20, ARRAY_HEADER_EMPTY = 12, JSONB_VERSION = 1 };

void
params_clear(struct params *p)
{
	buffer_clear(&p->bytes);
	free(p->list);
	memset(p, 0, sizeof(*p));
}

void
params_reset(struct params *p)
{
	buffer_reset(&p->bytes);
	p->count = 0;
	p->array_element = 0;
}

static struct param *
push(struct params *p, uint32_t type)
{
	struct param *one;

	assert(p->array_element == 0);
	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 16;
		p->list = xreallocarray(p->list, p->room, sizeof(p->list[0]));
	}
	one = &p->list[p->count++];
	*one = (struct param){ .type = type, .offset = p->bytes.len };
	return one;
}

/* Buffers are addressed with an int in the protocol: what is longer is a bug of the caller, who has
 * a bound on everything foreign. */
static int
checked_length(size_t len)
{
	assert(len <= INT_MAX / 2);
	return (int)len;
}

void
params_null(struct params *p, uint32_t type)
{
	push(p, type)->length = -1;
}

void
params_bool(struct params *p, bool v)
{
	push(p, OID_BOOL)->length = 1;
	buffer_add_byte(&p->bytes, v);
}

void
params_int2(struct params *p, int16_t v)
{
	push(p, OID_INT2)->length = 2;
	buffer_add_be16(&p->bytes, (uint16_t)v);
}

void
params_int4(struct params *p, int32_t v)
{
	push(p, OID_INT4)->length = 4;
	buffer_add_be32(&p->bytes, (uint32_t)v);
}

void
params_int8(struct params *p, int64_t v)
{
	push(p, OID_INT8)->length = 8;
	buffer_add_be64(&p->bytes, (uint64_t)v);
}

static void
push_bytes(struct params *p, uint32_t type, const void *data, size_t len)
{
	push(p, type)->length = checked_length(len);
	buffer_add(&p->bytes, data, len);
}

void
params_text(struct params *p, const char *s)
{
	if (s == NULL)
		params_null(p, OID_TEXT);
	else
		push_bytes(p, OID_TEXT, s, strlen(s));
}

void
params_text_len(struct params *p, const char *s, size_t len)
{
	push_bytes(p, OID_TEXT, s, len);
}

void
params_bytea(struct params *p, const void *data, size_t len)
{
	push_bytes(p, OID_BYTEA, data, len);
}

void
params_jsonb(struct params *p, const char *json, size_t len)
{
	push(p, OID_JSONB)->length = checked_length(len + 1);
	buffer_add_byte(&p->bytes, JSONB_VERSION);
	buffer_add(&p->bytes, json, len);
}

void
params_time(struct params *p, int64_t at_us)
{
	push(p, OID_TIMESTAMPTZ)->length = 8;
	buffer_add_be64(&p->bytes, (uint64_t)clock_to_pg(at_us));
}

/* ---- arrays --------------------------------------------------------------------------------- */

static uint32_t
array_type(uint32_t element)
{
	static const uint32_t types[][2] = {
		{ OID_BOOL, 1000 },
		{ OID_BYTEA, 1001 },
		{ OID_INT2, 1005 },
		{ OID_INT4, 1007 },
		{ OID_TEXT, 1009 },
		{ OID_INT8, 1016 },
		{ OID_FLOAT8, 1022 },
		{ OID_TIMESTAMPTZ, 1185 },
		{ OID_UUID, 2951 },
		{ OID_JSONB, 3807 },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i][0] == element)
			return types[i][1];
	abort();
}

void
params_array_begin(struct params *p, uint32_t element_type)
{
	static const char header[ARRAY_HEADER] = { 0 };

	push(p, array_type(element_type));
	p->array_start = p->bytes.len;
	p->array_count = 0;
	p->array_element = element_type;
	buffer_add(&p->bytes, header, sizeof(header));
}

/* The length word that stands before an element of the array that is being built. */
static void
element(struct params *p, uint32_t type, size_t len)
{
	assert(p->array_element != 0 && (type == 0 || p->array_element == type));
	p->array_count++;
	buffer_add_be32(&p->bytes, (uint32_t)checked_length(len));
}

void
params_array_null(struct params *p)
{
	assert(p->array_element != 0);
	p->array_count++;
	p->bytes.data[p->array_start + 7] = 1; /* the array's "has nulls" */
	buffer_add_be32(&p->bytes, UINT32_MAX);
}

void
params_array_bool(struct params *p, bool v)
{
	element(p, OID_BOOL, 1);
	buffer_add_byte(&p->bytes, v);
}

void
params_array_int2(struct params *p, int16_t v)
{
	element(p, OID_INT2, 2);
	buffer_add_be16(&p->bytes, (uint16_t)v);
}

void
params_array_int4(struct params *p, int32_t v)
{
	element(p, OID_INT4, 4);
	buffer_add_be32(&p->bytes, (uint32_t)v);
}

void
params_array_int8(struct params *p, int64_t v)
{
	element(p, OID_INT8, 8);
	buffer_add_be64(&p->bytes, (uint64_t)v);
}

void
params_array_time(struct params *p, int64_t at_us)
{
	element(p, OID_TIMESTAMPTZ, 8);
	buffer_add_be64(&p->bytes, (uint64_t)clock_to_pg(at_us));
}

void
params_array_bytes(struct params *p, const void *data, size_t len)
{
	assert(p->array_element == OID_TEXT || p->array_element == OID_BYTEA ||
	       (p->array_element == OID_UUID && len == 16));
	element(p, 0, len);
	buffer_add(&p->bytes, data, len);
}

void
params_array_jsonb(struct params *p, const char *json, size_t len)
{
	element(p, OID_JSONB, len + 1);
	buffer_add_byte(&p->bytes, JSONB_VERSION);
	buffer_add(&p->bytes, json, len);
}

static void
put_be32(char *at, uint32_t v)
{
	at[0] = (char)(v >> 24);
	at[1] = (char)(v >> 16);
	at[2] = (char)(v >> 8);
	at[3] = (char)v;
}

void
params_array_end(struct params *p)
{
	char *header = p->bytes.data + p->array_start;
	struct param *one = &p->list[p->count - 1];

	assert(p->array_element != 0);
	put_be32(header, p->array_count > 0); /* dimensions; the flag for NULLs follows */
	put_be32(header + 8, p->array_element);
	if (p->array_count == 0) {
		p->bytes.len = p->array_start + ARRAY_HEADER_EMPTY;
	} else {
		put_be32(header + 12, (uint32_t)p->array_count);
		put_be32(header + 16, 1); /* the first index */
	}
	one->length = checked_length(p->bytes.len - p->array_start);
	p->array_element = 0;
}
