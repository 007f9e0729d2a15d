# SPDX-License-Identifier: BSD-2-Clause
# The ivr plugin's parts that need no loop.
check_LTLIBRARIES += libivr-stub.la
libivr_stub_la_SOURCES = tests/unit/ivr_stub.c tests/unit/ivr_stub.h
ivr_test_libs = libivr-plugin.la libivr-stub.la $(SQLITE_LIBS) $(EVENT_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/ivr_test
TESTS += tests/unit/ivr_test
tests_unit_ivr_test_SOURCES = tests/unit/ivr_test.c
tests_unit_ivr_test_CPPFLAGS = $(AM_CPPFLAGS) -DMANUAL=\"$(abs_top_srcdir)/plugins/ivr/hailan-ivr.7\" \
	-DPROMPTDIR=\"$(promptdir)\"
tests_unit_ivr_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ivr_test_LDADD = $(ivr_test_libs) $(CMOCKA_LIBS)
endif
