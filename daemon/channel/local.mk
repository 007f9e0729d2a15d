# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libchannel.la
libchannel_la_SOURCES = \
	%D%/config.c %D%/config.h \
	%D%/service_split.c
libchannel_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
hailaninclude_HEADERS += %D%/channel.h
