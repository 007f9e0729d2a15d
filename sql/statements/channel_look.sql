select hailan.channel_look($1::text, $2::timestamptz, $3::text, $4::text, $5::text)
