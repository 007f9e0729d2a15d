# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += tests/bench/smsc_load
tests_bench_smsc_load_SOURCES = %D%/smsc_load.c
tests_bench_smsc_load_LDADD = libbase.la
EXTRA_DIST += %D%/run %D%/texts.txt
