select key, value from hailan.setting order by key
