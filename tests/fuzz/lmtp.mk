# SPDX-License-Identifier: BSD-2-Clause
# Targets of the lmtp plugin: make check replays their corpora; configure --enable-fuzzers with clang
# builds NAME_fuzz as libFuzzer programs instead.
LMTP_FUZZ = tests/fuzz/bounce_fuzz tests/fuzz/lmtp_fuzz tests/fuzz/mime_fuzz
EXTRA_DIST += tests/fuzz/lmtp_replay.sh tests/fuzz/corpus/bounce tests/fuzz/corpus/lmtp tests/fuzz/corpus/mime
check_PROGRAMS += $(LMTP_FUZZ)
tests_fuzz_bounce_fuzz_SOURCES = tests/fuzz/bounce_fuzz.c
tests_fuzz_lmtp_fuzz_SOURCES = tests/fuzz/lmtp_fuzz.c
tests_fuzz_mime_fuzz_SOURCES = tests/fuzz/mime_fuzz.c
tests_fuzz_bounce_fuzz_LDADD = $(lmtp_test_libs)
tests_fuzz_lmtp_fuzz_LDADD = $(lmtp_test_libs)
tests_fuzz_mime_fuzz_LDADD = $(lmtp_test_libs)
if FUZZERS
tests_fuzz_bounce_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_lmtp_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_mime_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_bounce_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_lmtp_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_mime_fuzz_SOURCES += tests/fuzz/replay.c
TESTS += tests/fuzz/lmtp_replay.sh
endif
