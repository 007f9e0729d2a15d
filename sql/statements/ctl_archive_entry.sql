select hailan.ctl_archive_entry($1::int8) as row
