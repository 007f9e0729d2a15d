# SPDX-License-Identifier: BSD-2-Clause
# An administrator's file is never overwritten.
EXTRA_DIST += %D%/hailand.conf
install-data-local: install-settings
uninstall-local: uninstall-settings
.PHONY: install-settings uninstall-settings
install-settings:
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)" "$(DESTDIR)$(docdir)"
	$(INSTALL_DATA) $(srcdir)/%D%/hailand.conf "$(DESTDIR)$(docdir)/hailand.conf"
	test -e "$(DESTDIR)$(sysconfdir)/hailand.conf" || \
	    $(INSTALL) -m 640 $(srcdir)/%D%/hailand.conf "$(DESTDIR)$(sysconfdir)/hailand.conf"
uninstall-settings:
	rm -f "$(DESTDIR)$(docdir)/hailand.conf"
	! cmp -s $(srcdir)/%D%/hailand.conf "$(DESTDIR)$(sysconfdir)/hailand.conf" || \
	    rm -f "$(DESTDIR)$(sysconfdir)/hailand.conf"
