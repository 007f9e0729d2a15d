select hailan.case_of_message($1::int8) as number
