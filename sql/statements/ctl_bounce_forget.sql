select hailan.ctl_bounce_forget($1::text) as row
