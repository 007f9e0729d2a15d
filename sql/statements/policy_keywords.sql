select id, pattern, category, weight from hailan.keyword where enabled order by id
