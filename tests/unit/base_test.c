/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers and slabs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/slab.h"

static void
buffer_holds_what_was_added(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	buffer_add(&b, NULL, 0);
	assert_string_equal(b.data, "");
	buffer_add_string(&b, "ab");
	buffer_add_byte(&b, 0);
	buffer_add_be16(&b, 0x0102);
	buffer_add_be32(&b, 0x03040506);
	buffer_add_be64(&b, UINT64_C(0x0708090a0b0c0d0e));
	buffer_printf(&b, "%d", 42);
	assert_int_equal(b.len, 19);
	assert_memory_equal(b.data,
	    "ab\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16"
	    "42",
	    b.len + 1);
	buffer_reset(&b);
	assert_string_equal(b.data, "");
	buffer_clear(&b);
	assert_null(b.data);
}

/* At every length the NUL behind it still lies inside the room. */
static void
buffer_grows(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		buffer_add_byte(&b, (uint8_t)(i % 251 + 1));
		assert_int_equal(b.len, i + 1);
		assert_true(b.len < b.room);
		assert_int_equal(b.data[b.len], 0);
	}
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal((uint8_t)b.data[i], i % 251 + 1);
	buffer_clear(&b);
}

enum { OBJECTS = 3000 };

struct object {
	unsigned char *bytes; /* NULL: given back */
	size_t size;
};

static void
take(struct slab *s, struct object *o, size_t n)
{
	o->size = n % 97 == 0 ? 200000 : n * 37 % 900; /* now and then larger than a block */
	o->bytes = slab_take(s, o->size);
	assert_int_equal((uintptr_t)o->bytes % _Alignof(max_align_t), 0);
	memset(o->bytes, (int)(n % 256), o->size);
}

static void
give(struct object *o, size_t n)
{
	for (size_t i = 0; i < o->size; i++)
		assert_int_equal(o->bytes[i], n % 256);
	slab_give(o->bytes);
	o->bytes = NULL;
}

/* In the order of their making, as in a queue; stragglers stay whole while others come and go. */
static void
slab_objects_keep_their_bytes(void **state)
{
	static struct object all[OBJECTS];
	struct slab s = { 0 };

	(void)state;
	slab_give(NULL);
	for (size_t n = 0; n < OBJECTS; n++) {
		take(&s, &all[n], n);
		if (n >= 100 && (n - 100) % 50 != 0)
			give(&all[n - 100], n - 100);
	}
	for (size_t n = 0; n < OBJECTS; n++)
		if (all[n].bytes != NULL)
			give(&all[n], n);
	slab_clear(&s);
	assert_null(s.current);
	assert_null(s.spare);
}

static void
slab_of_one_object_at_a_time(void **state)
{
	struct slab s = { 0 };
	struct object o;

	(void)state;
	for (size_t n = 0; n < 1000; n++) {
		take(&s, &o, n);
		give(&o, n);
	}
	slab_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_holds_what_was_added),
		cmocka_unit_test(buffer_grows),
		cmocka_unit_test(slab_objects_keep_their_bytes),
		cmocka_unit_test(slab_of_one_object_at_a_time),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
