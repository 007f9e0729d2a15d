# SPDX-License-Identifier: BSD-2-Clause
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/settings_test tests/unit/child_test tests/unit/metrics_test
TESTS += tests/unit/settings_test tests/unit/child_test tests/unit/metrics_test
endif
tests_unit_settings_test_SOURCES = %D%/settings_test.c
tests_unit_settings_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_settings_test_LDADD = libsettings.la libbase.la $(CMOCKA_LIBS)
tests_unit_child_test_SOURCES = %D%/child_test.c
tests_unit_child_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_child_test_LDADD = libsupervisor.la libsettings.la libbase.la $(CMOCKA_LIBS)
tests_unit_metrics_test_SOURCES = %D%/metrics_test.c
tests_unit_metrics_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_metrics_test_LDADD = libexporter.la libtext.la libbase.la $(CMOCKA_LIBS)

# hailand with roles that do what a test tells them; used by tests/daemon/test_supervisor.py
check_PROGRAMS += tests/daemon/obedient
tests_daemon_obedient_SOURCES = tests/daemon/obedient.c
tests_daemon_obedient_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
tests_daemon_obedient_LDADD = libsupervisor.la libsettings.la libbase.la $(EVENT_LIBS)
