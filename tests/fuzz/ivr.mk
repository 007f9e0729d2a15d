# SPDX-License-Identifier: BSD-2-Clause
# The target of the ivr plugin: make check replays its corpus; configure --enable-fuzzers with clang
# builds a libFuzzer program instead.
EXTRA_DIST += tests/fuzz/ivr_replay.sh tests/fuzz/corpus/agi
check_PROGRAMS += tests/fuzz/agi_fuzz
tests_fuzz_agi_fuzz_SOURCES = tests/fuzz/agi_fuzz.c
tests_fuzz_agi_fuzz_LDADD = $(ivr_test_libs)
if FUZZERS
tests_fuzz_agi_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_agi_fuzz_SOURCES += tests/fuzz/replay.c
TESTS += tests/fuzz/ivr_replay.sh
endif
