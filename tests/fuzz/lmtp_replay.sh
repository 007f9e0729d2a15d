#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the corpora of the lmtp targets.
set -eu
corpus=${srcdir:-.}/tests/fuzz/corpus
echo 1..3
n=0
for name in bounce lmtp mime; do
	n=$((n + 1))
	if ./tests/fuzz/${name}_fuzz "$corpus/$name" >"lmtp_replay_$name.out" 2>&1; then
		echo "ok $n - $name: $(sed -n 's/^ok 1 - //p' "lmtp_replay_$name.out")"
	else
		sed 's/^/# /' "lmtp_replay_$name.out"
		echo "not ok $n - $name"
	fi
	rm -f "lmtp_replay_$name.out"
done
