# SPDX-License-Identifier: BSD-2-Clause
sbin_PROGRAMS += hailand
hailand_SOURCES = %D%/hailand.c
hailand_LDADD = libsupervisor.la libsettings.la libchannel.la libbase.la
dist_man_MANS += %D%/hailand.8 %D%/hailand.conf.5
