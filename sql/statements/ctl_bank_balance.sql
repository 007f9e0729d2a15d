select hailan.ctl_bank_balance($1::jsonb, $2::timestamptz) as row
