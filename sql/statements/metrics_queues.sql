select name, label, value from hailan.metrics_queues($1::timestamptz)
