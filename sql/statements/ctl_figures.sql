select row from hailan.ctl_figures() as row
