# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += tests/fuzz/settings_replay.sh tests/fuzz/corpus/settings
check_PROGRAMS += tests/fuzz/settings_fuzz
tests_fuzz_settings_fuzz_SOURCES = tests/fuzz/settings_fuzz.c
tests_fuzz_settings_fuzz_LDADD = libsettings.la libbase.la
if FUZZERS
tests_fuzz_settings_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_settings_fuzz_SOURCES += tests/fuzz/replay.c
TESTS += tests/fuzz/settings_replay.sh
endif
