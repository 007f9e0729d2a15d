#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes embedded.c and embedded.h of the SQL files and default data:
#     embed.sh SOURCE-FOLDER OUTPUT-FOLDER
# The same input always gives the same output.
set -eu
src=$1
out=$2
LC_ALL=C
export LC_ALL

# A file as the lines of a C string literal.
literal() {
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1"
}
# A statement without its comment lines and its last semicolon.
statement() {
	sed -e '/^[ \t]*--/d' "$1" | sed -e '$ s/;[ \t]*$//'
}
parameters() {
	statement "$1" | grep -o '\$[0-9][0-9]*' | tr -d '$' | sort -n | tail -n 1
}

h=$out/embedded.h.new
c=$out/embedded.c.new
cat >"$h" <<'END'
/* Made by sql/embed.sh of the files in sql/; do not edit. */
#pragma once
#include <stdint.h>

#include "database/database.h"

/* A migration: applied in the order of the numbers, each in one transaction. */
struct sql_migration {
	int32_t number;
	const char *name;
	const char *sha256; /* of the file, in hex */
	const char *text;
};
extern const struct sql_migration sql_migrations[];
extern const unsigned sql_migration_count;
/* The newest number. */
extern const int32_t sql_schema_version;

/* Default rows of a table: tab-separated, the first line names the columns. In the order in which
 * they are to be loaded. */
struct sql_data {
	const char *name;
	const char *text;
};
extern const struct sql_data sql_data[];
extern const unsigned sql_data_count;

END
printf '/* Made by sql/embed.sh of the files in sql/; do not edit. */\n#include "embedded.h"\n\n' >"$c"

for f in "$src"/statements/*.sql; do
	name=$(basename "$f" .sql)
	n=$(parameters "$f")
	echo "extern const struct sql_statement sql_$name;" >>"$h"
	{
		echo "const struct sql_statement sql_$name = {"
		echo "    \"$name\","
		statement "$f" >"$out/embedded.tmp"
		literal "$out/embedded.tmp"
		echo "    , ${n:-0}"
		echo "};"
		echo
	} >>"$c"
done

version=0
echo 'const struct sql_migration sql_migrations[] = {' >>"$c"
for f in "$src"/migrations/[0-9]*.sql; do
	base=$(basename "$f" .sql)
	version=$(expr "${base%%_*}" + 0)
	sum=$(sha256sum "$f")
	{
		echo "    { $version, \"${base#*_}\", \"${sum%% *}\","
		literal "$f"
		echo "    },"
	} >>"$c"
done
{
	echo '};'
	echo 'const unsigned sql_migration_count = sizeof(sql_migrations) / sizeof(sql_migrations[0]);'
	echo "const int32_t sql_schema_version = $version;"
	echo
	echo 'const struct sql_data sql_data[] = {'
	for name in places categories keywords routing templates; do
		echo "    { \"$name\","
		literal "$src/data/$name.tsv"
		echo "    },"
	done
	echo '};'
	echo 'const unsigned sql_data_count = sizeof(sql_data) / sizeof(sql_data[0]);'
} >>"$c"
rm -f "$out/embedded.tmp"
mv "$h" "$out/embedded.h"
mv "$c" "$out/embedded.c"
