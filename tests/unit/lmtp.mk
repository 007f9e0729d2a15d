# SPDX-License-Identifier: BSD-2-Clause
# The lmtp plugin's parts that need no loop. tests/corpus/mails: mails made by several programs, and
# what they must become.
check_LTLIBRARIES += liblmtp-stub.la
liblmtp_stub_la_SOURCES = tests/unit/lmtp_runtime_stub.c daemon/channel/service_decode.c
liblmtp_stub_la_LIBADD = libtext.la libbase.la
lmtp_test_libs = liblmtp-plugin.la liblmtp-stub.la

EXTRA_DIST += tests/corpus/mails tests/unit/mime_corpus.sh
check_PROGRAMS += tests/unit/mime_dump
tests_unit_mime_dump_SOURCES = tests/unit/mime_dump.c
tests_unit_mime_dump_LDADD = $(lmtp_test_libs)
TESTS += tests/unit/mime_corpus.sh

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/lmtp_test
TESTS += tests/unit/lmtp_test
tests_unit_lmtp_test_SOURCES = tests/unit/lmtp_test.c
tests_unit_lmtp_test_CPPFLAGS = $(AM_CPPFLAGS) -DMANUAL=\"$(abs_top_srcdir)/plugins/lmtp/hailan-lmtp.7\"
tests_unit_lmtp_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_lmtp_test_LDADD = $(lmtp_test_libs) $(CMOCKA_LIBS)
endif
