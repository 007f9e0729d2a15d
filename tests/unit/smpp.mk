# SPDX-License-Identifier: BSD-2-Clause
# The smpp plugin's code with a runtime in memory.
check_LTLIBRARIES += libsmpp-stub.la
libsmpp_stub_la_SOURCES = tests/unit/smpp_runtime_stub.c tests/unit/smpp_runtime_stub.h \
	daemon/channel/service_decode.c daemon/channel/service_split.c
libsmpp_stub_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
libsmpp_stub_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
libsmpp_stub_la_LIBADD = libsmpp-plugin.la libtext.la libbase.la

if HAVE_CMOCKA
SMPP_TESTS = tests/unit/smpp_pdu_test tests/unit/smpp_content_test tests/unit/smpp_session_test
check_PROGRAMS += $(SMPP_TESTS)
TESTS += $(SMPP_TESTS)
smpp_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
smpp_test_libs = libsmpp-stub.la $(CMOCKA_LIBS) $(EVENT_LIBS)
tests_unit_smpp_pdu_test_SOURCES = tests/unit/smpp_pdu_test.c
tests_unit_smpp_pdu_test_CFLAGS = $(smpp_test_cflags)
tests_unit_smpp_pdu_test_LDADD = $(smpp_test_libs)
tests_unit_smpp_content_test_SOURCES = tests/unit/smpp_content_test.c
tests_unit_smpp_content_test_CFLAGS = $(smpp_test_cflags)
tests_unit_smpp_content_test_LDADD = $(smpp_test_libs)
tests_unit_smpp_session_test_SOURCES = tests/unit/smpp_session_test.c
tests_unit_smpp_session_test_CFLAGS = $(smpp_test_cflags)
tests_unit_smpp_session_test_LDADD = $(smpp_test_libs)
endif

check_PROGRAMS += tests/unit/smpp_host
TESTS += tests/unit/smpp_peers.sh
EXTRA_DIST += tests/unit/smpp_peers.sh tests/unit/smpp_peers.py
tests_unit_smpp_host_SOURCES = tests/unit/smpp_host.c
tests_unit_smpp_host_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
tests_unit_smpp_host_LDADD = libsmpp-stub.la $(EVENT_LIBS)
