# SPDX-License-Identifier: BSD-2-Clause
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/clerk_decide_test
TESTS += tests/unit/clerk_decide_test
endif
tests_unit_clerk_decide_test_SOURCES = %D%/clerk_decide_test.c
tests_unit_clerk_decide_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_clerk_decide_test_LDADD = libclerk.la libdatabase.la libsql.la libtext.la libbase.la $(CMOCKA_LIBS)
