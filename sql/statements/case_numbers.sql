select number from hailan.case_numbers($1::int4) as number
