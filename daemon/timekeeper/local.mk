# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libtimekeeper.la
libtimekeeper_la_SOURCES = %D%/timekeeper.c %D%/timekeeper.h
libtimekeeper_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
