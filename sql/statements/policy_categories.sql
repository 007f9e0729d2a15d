select c.code, c.kind, c.name_zh, c.name_ko, c.urgent, c.department_id, c.emergency from hailan.category c order by c.code
