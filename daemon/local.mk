# SPDX-License-Identifier: BSD-2-Clause
sbin_PROGRAMS += hailand
hailand_SOURCES = %D%/hailand.c
hailand_LDADD = libclerk.la libtimekeeper.la libsupervisor.la libsettings.la libchannel.la \
	libdatabase.la libsql.la libtext.la libbase.la
dist_man_MANS += %D%/hailand.8 %D%/hailand.conf.5
