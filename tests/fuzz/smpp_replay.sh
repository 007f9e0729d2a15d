#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the corpora of the smpp targets.
set -eu
corpus=${srcdir:-.}/tests/fuzz/corpus
echo 1..4
n=0
for name in smpp_pdu smpp_udh smpp_receipt smpp_session; do
	n=$((n + 1))
	if ./tests/fuzz/${name}_fuzz "$corpus/$name" >"smpp_replay_$name.out" 2>&1; then
		echo "ok $n - $name: $(sed -n 's/^ok 1 - //p' "smpp_replay_$name.out")"
	else
		sed 's/^/# /' "smpp_replay_$name.out"
		echo "not ok $n - $name"
	fi
	rm -f "smpp_replay_$name.out"
done
