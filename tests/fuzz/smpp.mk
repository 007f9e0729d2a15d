# SPDX-License-Identifier: BSD-2-Clause
# Targets of the smpp plugin: make check replays their corpora; configure --enable-fuzzers with clang
# builds NAME_fuzz as libFuzzer programs instead.
SMPP_FUZZ = tests/fuzz/smpp_pdu_fuzz tests/fuzz/smpp_udh_fuzz tests/fuzz/smpp_receipt_fuzz \
	tests/fuzz/smpp_session_fuzz
EXTRA_DIST += tests/fuzz/smpp_replay.sh tests/fuzz/corpus/smpp_pdu tests/fuzz/corpus/smpp_udh \
	tests/fuzz/corpus/smpp_receipt tests/fuzz/corpus/smpp_session
check_PROGRAMS += $(SMPP_FUZZ)
smpp_fuzz_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
smpp_fuzz_libs = libsmpp-stub.la $(EVENT_LIBS)
tests_fuzz_smpp_pdu_fuzz_SOURCES = tests/fuzz/smpp_pdu_fuzz.c
tests_fuzz_smpp_udh_fuzz_SOURCES = tests/fuzz/smpp_udh_fuzz.c
tests_fuzz_smpp_receipt_fuzz_SOURCES = tests/fuzz/smpp_receipt_fuzz.c
tests_fuzz_smpp_session_fuzz_SOURCES = tests/fuzz/smpp_session_fuzz.c
tests_fuzz_smpp_pdu_fuzz_CPPFLAGS = $(smpp_fuzz_cppflags)
tests_fuzz_smpp_udh_fuzz_CPPFLAGS = $(smpp_fuzz_cppflags)
tests_fuzz_smpp_receipt_fuzz_CPPFLAGS = $(smpp_fuzz_cppflags)
tests_fuzz_smpp_session_fuzz_CPPFLAGS = $(smpp_fuzz_cppflags)
tests_fuzz_smpp_pdu_fuzz_LDADD = $(smpp_fuzz_libs)
tests_fuzz_smpp_udh_fuzz_LDADD = $(smpp_fuzz_libs)
tests_fuzz_smpp_receipt_fuzz_LDADD = $(smpp_fuzz_libs)
tests_fuzz_smpp_session_fuzz_LDADD = $(smpp_fuzz_libs)
if FUZZERS
tests_fuzz_smpp_pdu_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_smpp_udh_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_smpp_receipt_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_smpp_session_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_smpp_pdu_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_smpp_udh_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_smpp_receipt_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_smpp_session_fuzz_SOURCES += tests/fuzz/replay.c
TESTS += tests/fuzz/smpp_replay.sh
endif
