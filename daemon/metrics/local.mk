# SPDX-License-Identifier: BSD-2-Clause
# Everybody counts; HTTP is known to the exporter only.
libbase_la_SOURCES += %D%/metrics.c %D%/metrics.h

noinst_LTLIBRARIES += libexporter.la
libexporter_la_SOURCES = %D%/exporter.c %D%/exporter.h %D%/page.c
libexporter_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
libexporter_la_LIBADD = $(EVENT_LIBS)
