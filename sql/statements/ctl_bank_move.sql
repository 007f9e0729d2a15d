select hailan.ctl_bank_move($1::text, $2::text, $3::int4, $4::text, $5::timestamptz) as row
