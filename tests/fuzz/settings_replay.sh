#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the corpora of the settings target.
set -eu
corpus=${srcdir:-.}/tests/fuzz/corpus
echo 1..1
n=0
for name in settings; do
	n=$((n + 1))
	if ./tests/fuzz/${name}_fuzz "$corpus/$name" >"settings_replay_$name.out" 2>&1; then
		echo "ok $n - $name: $(sed -n 's/^ok 1 - //p' "settings_replay_$name.out")"
	else
		sed 's/^/# /' "settings_replay_$name.out"
		echo "not ok $n - $name"
	fi
	rm -f "settings_replay_$name.out"
done
