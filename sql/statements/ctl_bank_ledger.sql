select hailan.ctl_bank_ledger($1::jsonb, $2::timestamptz) as row
