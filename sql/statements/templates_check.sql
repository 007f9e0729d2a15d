select name, language, problem from hailan.templates_check()
