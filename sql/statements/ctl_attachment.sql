select name, mime, encode(bytes, 'hex') as content
  from hailan.ctl_attachment($1::text)
