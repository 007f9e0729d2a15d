select pg_notify('inbox', '')
