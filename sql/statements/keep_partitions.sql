select hailan.keep_partitions($1::timestamptz) as count
