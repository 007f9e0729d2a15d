# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libtimekeeper.la
libtimekeeper_la_SOURCES = %D%/ringer.c %D%/ringer.h %D%/timekeeper.c %D%/timekeeper.h
libtimekeeper_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
dist_man_MANS += %D%/hailan-rules.5
