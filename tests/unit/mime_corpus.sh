#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every mail of tests/corpus/mails is read as the file beside it says.
set -u
folder=${srcdir:-.}/tests/corpus/mails
set -- "$folder"/*.eml
echo "1..$#"
n=0
for mail; do
	n=$((n + 1))
	name=$(basename "$mail" .eml)
	if ./tests/unit/mime_dump "$mail" >"mime_$name.out" 2>&1 && diff -u "$folder/$name.txt" "mime_$name.out" >"mime_$name.diff"; then
		echo "ok $n - $name"
	else
		sed 's/^/# /' "mime_$name.diff"
		echo "not ok $n - $name"
	fi
	rm -f "mime_$name.out" "mime_$name.diff"
done
