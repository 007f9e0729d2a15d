#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Accuracy on the two corpora does not fall below these floors, some points under what is reached.
set -eu
src=${srcdir:-.}
echo 1..2
./tests/unit/understand_corpus "$src/sql/data" "$src/tests/corpus/texts.tsv" \
	kind=95 category=95 unit=97 parts=95 language=98 urgent=80
./tests/unit/understand_corpus "$src/sql/data" "$src/tests/corpus/heldout.tsv" \
	kind=93 category=93 unit=97 parts=97 language=96 urgent=70
