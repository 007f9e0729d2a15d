# SPDX-License-Identifier: BSD-2-Clause
# pytest, run by tests/run.
EXTRA_DIST += \
	%D%/conftest.py \
	%D%/esme.pl \
	%D%/test_sim_netsmpp.py
