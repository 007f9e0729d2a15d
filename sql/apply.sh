#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Applies the migrations and the default rows with nothing but psql:
#     sql/apply.sh CONNINFO
# For the tests of the SQL itself, and for looking at a migration that is being written. A town's
# database is made by "hailanctl migrate", which also refuses a file that has changed since.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 CONNINFO" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
database=$1
run() {
	psql -X -q -v ON_ERROR_STOP=1 -o /dev/null "$@" "$database"
}

done_number() {
	psql -X -A -t -v ON_ERROR_STOP=1 "$database" <<'END'
select coalesce((xpath('/row/n/text()', query_to_xml('select max(number) as n from hailan.schema_migration', true, true, '')))[1]::text::int4, 0)
 where to_regclass('hailan.schema_migration') is not null
union all select 0 where to_regclass('hailan.schema_migration') is null
END
}

# A table of default rows as a JSON array of objects; an empty cell is null.
json() {
	awk -F '\t' '
		function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
		NR == 1 { for (i = 1; i <= NF; i++) name[i] = quoted($i); n = NF; printf "["; next }
		{
			printf "%s{", (NR > 2 ? ",\n" : "")
			for (i = 1; i <= n; i++) printf "%s%s:%s", (i > 1 ? "," : ""), name[i], ($i == "" ? "null" : quoted($i))
			printf "}"
		}
		END { print "]" }' "$1"
}

have=$(done_number)
for file in "$here"/migrations/[0-9]*.sql; do
	base=$(basename "$file" .sql)
	number=$(expr "${base%%_*}" + 0)
	[ "$number" -gt "$have" ] || continue
	sum=$(sha256sum "$file")
	{
		cat "$file"
		echo
		echo "insert into hailan.schema_migration (number, name, sha256, applied_at)"
		echo "values ($number, '${base#*_}', '${sum%% *}', current_timestamp);"
	} | run -1 -f -
done
for name in places categories keywords routing templates; do
	{
		printf '%s' "select hailan.data_load('$name', \$rows\$"
		json "$here/data/$name.tsv"
		printf '%s\n' "\$rows\$::jsonb, current_timestamp);"
	} | run -f -
done
run -c "select hailan.partitions_ensure(current_timestamp)"
