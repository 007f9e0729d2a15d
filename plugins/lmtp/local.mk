# SPDX-License-Identifier: BSD-2-Clause
# The plugin sees nothing of the daemon but channel.h. Its code is a library of its own so that the
# tests and fuzzers can link it; all of its names but channel_plugin stay inside lmtp.la. GMime is
# mime.c's alone.
noinst_LTLIBRARIES += liblmtp-plugin.la
liblmtp_plugin_la_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/auth.c %D%/auth.h \
	%D%/bounce.c %D%/bounce.h \
	plugins/common/bytes.c plugins/common/bytes.h \
	%D%/charsets.c %D%/charsets.h \
	%D%/command.c %D%/command.h \
	%D%/compose.c %D%/compose.h \
	%D%/dots.c %D%/dots.h \
	%D%/filetype.c %D%/filetype.h \
	%D%/hash.c %D%/hash.h \
	%D%/html.c %D%/html.h \
	%D%/listen.c %D%/listen.h \
	%D%/lmtp.c \
	%D%/mail.h \
	%D%/mime.c %D%/mime.h \
	%D%/outgoing.c %D%/outgoing.h \
	%D%/report.c %D%/report.h \
	%D%/session.c %D%/session.h \
	%D%/settings.c %D%/settings.h \
	%D%/smtp.c %D%/smtp.h \
	%D%/spool.c %D%/spool.h \
	%D%/trim.c %D%/trim.h
liblmtp_plugin_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(GMIME_CFLAGS)
liblmtp_plugin_la_LIBADD = $(GMIME_LIBS) $(EVENT_SSL_LIBS) $(EVENT_LIBS)

plugin_LTLIBRARIES += lmtp.la
lmtp_la_SOURCES =
lmtp_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^channel_plugin$$'
lmtp_la_LIBADD = liblmtp-plugin.la

dist_man_MANS += %D%/hailan-lmtp.7
