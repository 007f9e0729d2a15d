#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the corpus of the ivr target.
set -eu
corpus=${srcdir:-.}/tests/fuzz/corpus
echo 1..1
if ./tests/fuzz/agi_fuzz "$corpus/agi" >ivr_replay.out 2>&1; then
	echo "ok 1 - agi: $(sed -n 's/^ok 1 - //p' ivr_replay.out)"
else
	sed 's/^/# /' ivr_replay.out
	echo "not ok 1 - agi"
fi
rm -f ivr_replay.out
