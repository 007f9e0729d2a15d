select name, language, body from hailan.template order by name, language
