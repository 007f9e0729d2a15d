#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Accuracy on each corpus does not fall below these floors, some points under what is reached.
set -eu
src=${srcdir:-.}
check() {
	corpus=$1
	shift
	./tests/unit/understand_corpus "$src/sql/data" "$src/tests/corpus/$corpus.tsv" "$@"
}
echo 1..4
failed=0
check texts kind=96 category=95 unit=98 parts=98 language=98 urgent=90 || failed=1
check hard kind=95 category=93 unit=98 parts=98 language=98 urgent=80 || failed=1
check heldout kind=96 category=95 unit=98 parts=98 language=98 urgent=70 || failed=1
check fresh kind=89 category=84 unit=97 parts=97 language=98 urgent=80 || failed=1
exit $failed
