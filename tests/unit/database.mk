# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += tests/lib/cluster

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/database_test
TESTS += tests/unit/database_test
tests_unit_database_test_SOURCES = tests/unit/database_test.c
tests_unit_database_test_CPPFLAGS = $(AM_CPPFLAGS) -DSRCDIR=\"$(abs_top_srcdir)\"
tests_unit_database_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_database_test_LDADD = libdatabase.la libbase.la $(CMOCKA_LIBS) $(EVENT_LIBS)
endif
