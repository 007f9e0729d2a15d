# SPDX-License-Identifier: BSD-2-Clause
# The base library.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/base_test
TESTS += tests/unit/base_test
tests_unit_base_test_SOURCES = tests/unit/base_test.c
tests_unit_base_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_LDADD = libbase.la $(CMOCKA_LIBS)
endif
