# SPDX-License-Identifier: BSD-2-Clause
# The untyped settings of a channel are made by the settings and read by the runtime.
noinst_LTLIBRARIES += libchannel-config.la libchannel.la
libchannel_config_la_SOURCES = %D%/config.c %D%/config.h
libchannel_la_SOURCES = \
	%D%/announce.c %D%/announce.h \
	%D%/batcher.c %D%/batcher.h \
	%D%/clean.c %D%/clean.h \
	%D%/fault.c %D%/fault.h \
	%D%/fingerprint.c %D%/fingerprint.h \
	%D%/host.c %D%/host.h \
	%D%/inbox.c %D%/inbox.h \
	%D%/inbox_params.c %D%/inbox_params.h \
	%D%/loader.c %D%/loader.h \
	%D%/look.c %D%/look.h \
	%D%/options.c %D%/options.h \
	%D%/outbox.c %D%/outbox.h \
	%D%/pieces.c %D%/pieces.h \
	%D%/receipts.c %D%/receipts.h \
	%D%/service_decode.c \
	%D%/service_split.c
libchannel_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS)
libchannel_la_LIBADD = $(EVENT_SSL_LIBS) $(EVENT_LIBS)
hailaninclude_HEADERS += %D%/channel.h
pkgconfig_DATA += %D%/hailan-channel.pc
dist_man_MANS += %D%/hailan-channel.3
