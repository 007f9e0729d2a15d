select hailan.ctl_case($1::int8) as row
