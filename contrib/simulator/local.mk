# SPDX-License-Identifier: BSD-2-Clause
# The SMSC simulator runs from the tree; installed it lies in $(pkgdatadir)/simulator.
simulatordir = $(pkgdatadir)/simulator
dist_simulator_SCRIPTS = %D%/hailan-smsc
dist_simulator_DATA = %D%/README.md
simulatorsmscdir = $(simulatordir)/smsc
dist_simulatorsmsc_DATA = \
	%D%/smsc/__init__.py \
	%D%/smsc/bubbles.py \
	%D%/smsc/coding.py \
	%D%/smsc/commands.py \
	%D%/smsc/control.py \
	%D%/smsc/longmsg.py \
	%D%/smsc/pdu.py \
	%D%/smsc/phones.py \
	%D%/smsc/receipts.py \
	%D%/smsc/script.py \
	%D%/smsc/server.py \
	%D%/smsc/session.py \
	%D%/smsc/settings.py \
	%D%/smsc/terminal.py \
	%D%/smsc/validity.py
dist_man_MANS += %D%/hailan-smsc.1
