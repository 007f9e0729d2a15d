# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += tests/bench/smsc_load tests/bench/esme_null tests/bench/http_insert tests/bench/channel_cost
tests_bench_smsc_load_SOURCES = %D%/smsc_load.c %D%/load_messages.c %D%/load_messages.h
tests_bench_smsc_load_LDADD = libbase.la
tests_bench_esme_null_SOURCES = %D%/esme_null.c
tests_bench_esme_null_LDADD = libbase.la
tests_bench_http_insert_SOURCES = %D%/http_insert.c
tests_bench_http_insert_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(PQ_CFLAGS)
tests_bench_http_insert_LDADD = libbase.la $(EVENT_LIBS) $(PQ_LIBS)
tests_bench_channel_cost_SOURCES = %D%/channel_cost.c
tests_bench_channel_cost_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
tests_bench_channel_cost_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--dynamic-list=$(srcdir)/daemon/channel/exports.list \
	-Wl,-u,channel_split -Wl,-u,channel_split_clear
tests_bench_channel_cost_LDADD = libchannel.la libchannel-config.la libsettings.la libdatabase.la \
	libsql.la libtext.la libbase.la $(EVENT_LIBS)
EXTRA_DIST += %D%/run %D%/texts.txt %D%/measure.py %D%/kannel.py
