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

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/ctl_test
TESTS += tests/unit/ctl_test
tests_unit_ctl_test_SOURCES = tests/unit/ctl_test.c
tests_unit_ctl_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ctl_test_LDADD = libctl.la libbase.la $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/fuzz/csv_fuzz
EXTRA_DIST += tests/fuzz/csv_replay.sh tests/fuzz/corpus/csv
tests_fuzz_csv_fuzz_SOURCES = tests/fuzz/csv_fuzz.c
tests_fuzz_csv_fuzz_LDADD = libctl.la libbase.la
if FUZZERS
tests_fuzz_csv_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_csv_fuzz_SOURCES += tests/fuzz/replay.c
TESTS += tests/fuzz/csv_replay.sh
endif
