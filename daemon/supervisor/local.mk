# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libsupervisor.la
libsupervisor_la_SOURCES = \
	%D%/checker.c %D%/checker.h \
	%D%/child.c %D%/child.h \
	%D%/command.c %D%/command.h \
	%D%/control.c %D%/control.h \
	%D%/json.c %D%/json.h \
	%D%/link.c %D%/link.h \
	%D%/notify.c %D%/notify.h \
	%D%/privilege.c %D%/privilege.h \
	%D%/process.c %D%/process.h \
	%D%/role.c %D%/role.h \
	%D%/roles.c %D%/roles.h \
	%D%/snapshot.c %D%/snapshot.h \
	%D%/supervisor.c
libsupervisor_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(SYSTEMD_CFLAGS)
libsupervisor_la_LIBADD = $(EVENT_LIBS) $(SYSTEMD_LIBS)
