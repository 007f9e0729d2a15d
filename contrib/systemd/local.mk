# SPDX-License-Identifier: BSD-2-Clause
systemdunitdir = $(prefix)/lib/systemd/system
nodist_systemdunit_DATA = %D%/hailand.service
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = %D%/hailan.conf
EXTRA_DIST += %D%/hailand.service.in
CLEANFILES += %D%/hailand.service
%D%/hailand.service: %D%/hailand.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
	    -e 's|@sysconfdir[@]|$(sysconfdir)|g' $(srcdir)/%D%/hailand.service.in >$@
