# SPDX-License-Identifier: BSD-2-Clause
include contrib/simulator/local.mk
EXTRA_DIST += %D%/quickstart %D%/install-packages %D%/packages \
	%D%/demo/hailand.conf.in %D%/demo/story.txt %D%/demo/units.csv %D%/demo/staff.csv %D%/demo/offices.csv \
	%D%/demo/households.csv %D%/demo/residents.csv %D%/demo/volunteers.csv \
	%D%/demo/allies.csv
include contrib/systemd/local.mk
include contrib/completion/local.mk
EXTRA_DIST += %D%/postfix/main.cf %D%/exim/hailan.conf %D%/opensmtpd/smtpd.conf
EXTRA_DIST += %D%/example-channel/line.c %D%/example-channel/Makefile %D%/example-channel/README.md
EXTRA_DIST += %D%/asterisk/extensions.conf %D%/asterisk/pjsip.conf %D%/asterisk/README.md
