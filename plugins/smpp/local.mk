# SPDX-License-Identifier: BSD-2-Clause
# The plugin sees nothing of the daemon but channel.h. Its code is a library of its own so that the
# tests and fuzzers can link it; all of its names but channel_plugin stay inside smpp.la.
noinst_LTLIBRARIES += libsmpp-plugin.la
libsmpp_plugin_la_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/bytes.c %D%/bytes.h \
	%D%/coding.c %D%/coding.h \
	%D%/connect.c %D%/connect.h \
	%D%/deliver.c %D%/deliver.h \
	%D%/frame.c %D%/frame.h \
	%D%/link.c %D%/link.h \
	%D%/pdu.c %D%/pdu.h \
	%D%/receipt.c %D%/receipt.h \
	%D%/session.c %D%/session.h \
	%D%/settings.c %D%/settings.h \
	%D%/smpp.c \
	%D%/smpp34.c %D%/smpp34.h \
	%D%/submit.c %D%/submit.h \
	%D%/udh.c %D%/udh.h
libsmpp_plugin_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(SMPP34_CFLAGS)
libsmpp_plugin_la_LIBADD = $(SMPP34_LIBS) $(EVENT_SSL_LIBS) $(EVENT_LIBS)

plugin_LTLIBRARIES += smpp.la
smpp_la_SOURCES =
smpp_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^channel_plugin$$'
smpp_la_LIBADD = libsmpp-plugin.la

dist_man_MANS += %D%/hailan-smpp.7
