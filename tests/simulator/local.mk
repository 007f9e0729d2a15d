# SPDX-License-Identifier: BSD-2-Clause
# pytest, run by tests/run.
EXTRA_DIST += \
	%D%/conftest.py \
	%D%/esme.pl \
	%D%/esmes.py \
	%D%/test_sim_coding.py \
	%D%/test_sim_netsmpp.py \
	%D%/test_sim_program.py \
	%D%/test_sim_server.py
