select hailan.keep_parts($1::timestamptz) as count
