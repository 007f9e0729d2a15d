select hailan.ctl_bank_board($1::jsonb, $2::timestamptz) as row
