# SPDX-License-Identifier: BSD-2-Clause
# Whoever links libdatabase.la also links libsql.la, for sql_schema_check and sql_schema_version.
noinst_LTLIBRARIES += libdatabase.la
libdatabase_la_SOURCES = \
	%D%/conninfo.c %D%/conninfo.h \
	%D%/database.c %D%/database.h \
	%D%/params.c \
	%D%/result.c %D%/result.h
libdatabase_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(PQ_CFLAGS)
libdatabase_la_LIBADD = libbase.la $(EVENT_LIBS) $(PQ_LIBS)
