select at, busy from hailan.simulation_step($1::timestamptz)
