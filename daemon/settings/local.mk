# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libsettings.la
libsettings_la_SOURCES = \
	%D%/reader.c %D%/reader.h \
	%D%/section.c %D%/section.h \
	%D%/source.c %D%/source.h \
	%D%/settings.c %D%/settings.h \
	%D%/table.c \
	%D%/value.c
libsettings_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
libsettings_la_LIBADD = libchannel-config.la $(CONFUSE_LIBS)
