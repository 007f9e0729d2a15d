# SPDX-License-Identifier: BSD-2-Clause
# Understanding: units, and corpora with floors. texts and hard may be tuned on; heldout was written
# before the tables of words and fresh after them, and neither is tuned on.
EXTRA_DIST += tests/corpus/texts.tsv tests/corpus/heldout.tsv tests/corpus/hard.tsv \
	tests/corpus/fresh.tsv tests/unit/text_corpus.sh

check_PROGRAMS += tests/unit/understand_corpus
tests_unit_understand_corpus_SOURCES = tests/unit/understand_corpus.c \
	tests/unit/understand_data.c tests/unit/understand_data.h
tests_unit_understand_corpus_LDADD = libtext.la libbase.la
TESTS += tests/unit/text_corpus.sh

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/text_charset_test tests/unit/text_claim_test \
	tests/unit/text_command_test tests/unit/text_understand_test
TESTS += tests/unit/text_charset_test tests/unit/text_claim_test \
	tests/unit/text_command_test tests/unit/text_understand_test
tests_unit_text_claim_test_SOURCES = tests/unit/text_claim_test.c
tests_unit_text_claim_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DMANUAL=\"$(abs_top_srcdir)/sql/hailan-wishes.7\"
tests_unit_text_claim_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_text_claim_test_LDADD = libtext.la libbase.la $(CMOCKA_LIBS)
tests_unit_text_charset_test_SOURCES = tests/unit/text_charset_test.c
tests_unit_text_charset_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_text_charset_test_LDADD = libtext.la libbase.la $(CMOCKA_LIBS)
tests_unit_text_command_test_SOURCES = tests/unit/text_command_test.c
tests_unit_text_command_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DDATADIR=\"$(abs_top_srcdir)/sql/data\" \
	-DMANUAL=\"$(abs_top_srcdir)/sql/hailan-cases.7\"
tests_unit_text_command_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_text_command_test_LDADD = libtext.la libbase.la $(CMOCKA_LIBS)
tests_unit_text_understand_test_SOURCES = tests/unit/text_understand_test.c \
	tests/unit/understand_data.c tests/unit/understand_data.h
tests_unit_text_understand_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DDATADIR=\"$(abs_top_srcdir)/sql/data\"
tests_unit_text_understand_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_text_understand_test_LDADD = libtext.la libbase.la $(CMOCKA_LIBS)
endif
