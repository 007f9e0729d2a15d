# SPDX-License-Identifier: BSD-2-Clause
# The plugin sees nothing of the daemon but channel.h. Its code is a library of its own so that the
# tests and fuzzers can link it; all of its names but channel_plugin stay inside ivr.la. SQLite is
# spool.c's alone.
noinst_LTLIBRARIES += libivr-plugin.la
libivr_plugin_la_SOURCES = \
	%D%/agi.c %D%/agi.h \
	plugins/common/bytes.c plugins/common/bytes.h \
	%D%/call.c %D%/call.h \
	%D%/intake.c %D%/intake.h \
	%D%/ivr.c \
	%D%/listen.c %D%/listen.h \
	%D%/menu.c %D%/menu.h \
	%D%/say.c %D%/say.h \
	%D%/settings.c %D%/settings.h \
	%D%/spool.c %D%/spool.h \
	%D%/sweep.c %D%/sweep.h \
	%D%/talk.c %D%/talk.h \
	%D%/wav.c %D%/wav.h \
	%D%/worker.c %D%/worker.h
libivr_plugin_la_CPPFLAGS = $(AM_CPPFLAGS) -DPROMPTDIR=\"$(promptdir)\"
libivr_plugin_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS) -pthread
libivr_plugin_la_LIBADD = $(SQLITE_LIBS) $(EVENT_LIBS)

plugin_LTLIBRARIES += ivr.la
ivr_la_SOURCES =
ivr_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -pthread \
	-export-symbols-regex '^channel_plugin$$'
ivr_la_LIBADD = libivr-plugin.la

# The sound of the prompts, where it shall be made: configure --enable-prompts.
promptdir = $(pkgdatadir)/prompts
EXTRA_DIST += %D%/prompts/zh.txt %D%/prompts/ko.txt %D%/prompts/README.md %D%/make-prompts
if PROMPTS
all-local: prompts/stamp
prompts/stamp: $(srcdir)/%D%/prompts/zh.txt $(srcdir)/%D%/prompts/ko.txt $(srcdir)/%D%/make-prompts
	$(AM_V_GEN)$(SHELL) $(srcdir)/%D%/make-prompts $(srcdir)/%D%/prompts prompts && touch $@
install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(promptdir)/zh $(DESTDIR)$(promptdir)/ko
	for l in zh ko; do $(INSTALL_DATA) prompts/$$l/*.wav $(DESTDIR)$(promptdir)/$$l/ || exit 1; done
uninstall-hook:
	rm -rf $(DESTDIR)$(promptdir)/zh $(DESTDIR)$(promptdir)/ko
clean-local:
	rm -rf prompts
endif
dist_man_MANS += %D%/hailan-ivr.7
