# SPDX-License-Identifier: BSD-2-Clause
# Targets of text: make check replays their corpora; configure --enable-fuzzers with clang builds
# NAME_fuzz as libFuzzer programs instead.
TEXT_FUZZ = tests/fuzz/charset_fuzz tests/fuzz/split_fuzz tests/fuzz/understand_fuzz \
	tests/fuzz/command_fuzz
EXTRA_DIST += tests/fuzz/text_replay.sh tests/fuzz/corpus/charset tests/fuzz/corpus/split \
	tests/fuzz/corpus/understand tests/fuzz/corpus/command
check_PROGRAMS += $(TEXT_FUZZ)
tests_fuzz_charset_fuzz_SOURCES = tests/fuzz/charset_fuzz.c
tests_fuzz_split_fuzz_SOURCES = tests/fuzz/split_fuzz.c
tests_fuzz_understand_fuzz_SOURCES = tests/fuzz/understand_fuzz.c
tests_fuzz_command_fuzz_SOURCES = tests/fuzz/command_fuzz.c
tests_fuzz_charset_fuzz_LDADD = libtext.la libbase.la
tests_fuzz_split_fuzz_LDADD = libtext.la libbase.la
tests_fuzz_understand_fuzz_LDADD = libtext.la libbase.la
tests_fuzz_command_fuzz_LDADD = libtext.la libbase.la
if FUZZERS
tests_fuzz_charset_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_split_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_understand_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_command_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
tests_fuzz_charset_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_split_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_understand_fuzz_SOURCES += tests/fuzz/replay.c
tests_fuzz_command_fuzz_SOURCES += tests/fuzz/replay.c
TESTS += tests/fuzz/text_replay.sh
endif
