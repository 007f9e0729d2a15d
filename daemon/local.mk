# SPDX-License-Identifier: BSD-2-Clause
sbin_PROGRAMS += hailand
hailand_SOURCES = %D%/hailand.c
# Plugins find the functions of channel.h here, and those only; nothing in the daemon itself calls
# channel_decode() and channel_split().
hailand_LDFLAGS = $(AM_LDFLAGS) -Wl,--dynamic-list=$(srcdir)/%D%/channel/exports.list \
	-Wl,-u,channel_decode -Wl,-u,channel_split -Wl,-u,channel_split_clear
hailand_LDADD = libchannel.la libclerk.la libtimekeeper.la libexporter.la libsupervisor.la libsettings.la \
	libdatabase.la libsql.la libtext.la libbase.la
dist_man_MANS += %D%/hailand.8 %D%/hailand.conf.5
EXTRA_hailand_DEPENDENCIES = $(srcdir)/%D%/channel/exports.list
EXTRA_DIST += %D%/channel/exports.list
