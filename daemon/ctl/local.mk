# SPDX-License-Identifier: BSD-2-Clause
# What needs no database lies in a library, for the tests.
noinst_LTLIBRARIES += libctl.la
libctl_la_SOURCES = \
	%D%/chart.c %D%/chart.h \
	%D%/csv.c %D%/csv.h \
	%D%/json.c %D%/json.h \
	%D%/kinds.c %D%/kinds.h \
	%D%/phone.c %D%/phone.h \
	%D%/report.c %D%/report.h \
	%D%/table.c %D%/table.h

sbin_PROGRAMS += hailanctl
hailanctl_SOURCES = \
	%D%/hailanctl.c %D%/ctl.h \
	%D%/alarms.c %D%/archive.c %D%/attachment.c %D%/bank.c %D%/board.c %D%/bounces.c %D%/case.c %D%/help.c %D%/import.c %D%/import.h %D%/inbox.c %D%/looks.c %D%/migrate.c \
	%D%/outbox.c %D%/person.c %D%/person.h %D%/recordings.c %D%/reload.c %D%/rules.c %D%/simulate.c %D%/stats.c %D%/status.c %D%/timers.c %D%/try.c \
	%D%/version.c \
	%D%/outages.c %D%/track.c %D%/visits.c \
	%D%/control.c \
	%D%/sql.c %D%/sql.h \
	%D%/view.c %D%/view.h \
	%D%/words.c %D%/words.h
hailanctl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/sql
hailanctl_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(PQ_CFLAGS)
hailanctl_LDADD = libctl.la libclerk.la libdatabase.la libsql.la libtext.la libsettings.la \
	libchannel.la libbase.la $(EVENT_LIBS) $(PQ_LIBS)
dist_man_MANS += %D%/hailanctl.8
