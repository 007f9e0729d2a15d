# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libclerk.la
libclerk_la_SOURCES = \
	%D%/batch.c %D%/batch.h \
	%D%/clerk.c %D%/clerk.h \
	%D%/decide.c %D%/decide.h \
	%D%/message.c %D%/message.h \
	%D%/policy.c %D%/policy_load.c %D%/policy.h \
	%D%/recent.c %D%/recent.h \
	%D%/reply.c %D%/reply.h \
	%D%/route.c %D%/route.h \
	%D%/step.c %D%/step.h
libclerk_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
