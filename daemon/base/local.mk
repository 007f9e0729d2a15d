# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/buffer.c %D%/buffer.h \
	%D%/clock.c %D%/clock.h \
	%D%/err.c %D%/err.h \
	%D%/log.c %D%/log.h \
	%D%/slab.c %D%/slab.h \
	%D%/xalloc.c %D%/xalloc.h
