#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The smpp plugin against the simulator and Perl's Net::SMPP.
exec /usr/bin/python3 "${srcdir:-.}/tests/unit/smpp_peers.py" "$@"
