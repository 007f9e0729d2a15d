select hailan.ctl_bank_waiting($1::jsonb, $2::timestamptz) as row
