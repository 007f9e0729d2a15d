# SPDX-License-Identifier: BSD-2-Clause
# The runtime with a database of memory; it compiles faulty plugins while it runs.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/channel_test
TESTS += tests/unit/channel_test
endif
tests_unit_channel_test_SOURCES = %D%/channel_test.c
tests_unit_channel_test_CPPFLAGS = $(AM_CPPFLAGS) -DSRCDIR=\"$(abs_top_srcdir)\" "-DTEST_CC=\"$(CC)\""
tests_unit_channel_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_channel_test_LDADD = libchannel.la libchannel-config.la libsettings.la libdatabase.la \
	libsql.la libtext.la libbase.la $(CMOCKA_LIBS) $(EVENT_LIBS)
