# SPDX-License-Identifier: BSD-2-Clause
# cmocka writes TAP; every program in TESTS is run by make check.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .sh
SH_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;
include tests/unit/channel.mk
include tests/unit/clerk.mk
include tests/unit/core.mk
include tests/unit/database.mk
include tests/unit/text.mk
include tests/unit/ivr.mk
include tests/unit/lmtp.mk
include tests/unit/smpp.mk
include tests/unit/supervisor.mk
include tests/fuzz/text.mk
include tests/fuzz/ivr.mk
include tests/fuzz/lmtp.mk
include tests/fuzz/smpp.mk
include tests/fuzz/settings.mk
include tests/simulator/local.mk
include tests/bench/local.mk
EXTRA_DIST += %D%/run %D%/lib %D%/peers %D%/daemon
EXTRA_DIST += tests/valgrind.supp tests/sql tests/bench/sql_ratio.py tests/bench/sql_queue.py tests/bench/timers.py
