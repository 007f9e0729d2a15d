select name, mime, encode(bytes, 'hex') as content
  from hailan.look_attachment($1::text, $2::timestamptz)
