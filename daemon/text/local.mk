# SPDX-License-Identifier: BSD-2-Clause
# Understanding a text: no database, no loop.
noinst_LTLIBRARIES += libtext.la
libtext_la_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/asking.c %D%/asking.h \
	%D%/charset.c %D%/charset.h \
	%D%/claim.c %D%/claim.h \
	%D%/command.c %D%/command.h \
	%D%/figures.c %D%/figures.h \
	%D%/gsm7.c %D%/gsm7.h \
	%D%/keywords.c %D%/keywords.h \
	%D%/kind.c %D%/kind.h \
	%D%/language.c %D%/language.h \
	%D%/lexicon.c %D%/lexicon.h %D%/lexicon_tables.h \
	%D%/match.c %D%/match.h \
	%D%/normalise.c %D%/normalise.h %D%/traditional.inc \
	%D%/number.c %D%/number.h \
	%D%/plan.c %D%/plan.h \
	%D%/split.c %D%/split.h \
	%D%/understand.c %D%/understand.h \
	%D%/utf8.c %D%/utf8.h
libtext_la_CFLAGS = $(AM_CFLAGS) $(UTF8PROC_CFLAGS)
libtext_la_LIBADD = libbase.la $(UTF8PROC_LIBS)
