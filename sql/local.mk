# SPDX-License-Identifier: BSD-2-Clause
# The SQL files, compiled in: sql/embed.sh makes embedded.c and embedded.h of them.
sql_files = \
	$(srcdir)/sql/data/*.tsv $(srcdir)/sql/migrations/*.sql $(srcdir)/sql/statements/*.sql
EXTRA_DIST += %D%/README.md %D%/apply.sh %D%/embed.sh %D%/data %D%/migrations %D%/statements
dist_man_MANS += %D%/hailan-cases.7 %D%/hailan-wishes.7
BUILT_SOURCES += %D%/embedded.h
CLEANFILES += %D%/embedded.c %D%/embedded.h
AM_CPPFLAGS += -I$(top_builddir)/sql

noinst_LTLIBRARIES += libsql.la
nodist_libsql_la_SOURCES = %D%/embedded.c %D%/embedded.h

%D%/embedded.c: %D%/embed.sh $(sql_files)
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SHELL) $(srcdir)/%D%/embed.sh $(srcdir)/%D% %D%
%D%/embedded.h: %D%/embedded.c
