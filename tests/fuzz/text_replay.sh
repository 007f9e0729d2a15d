#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the corpora of the text targets.
set -eu
corpus=${srcdir:-.}/tests/fuzz/corpus
echo 1..4
n=0
for name in charset split understand command; do
	n=$((n + 1))
	if ./tests/fuzz/${name}_fuzz "$corpus/$name" >"text_replay_$name.out" 2>&1; then
		echo "ok $n - $name: $(sed -n 's/^ok 1 - //p' "text_replay_$name.out")"
	else
		sed 's/^/# /' "text_replay_$name.out"
		echo "not ok $n - $name"
	fi
	rm -f "text_replay_$name.out"
done
