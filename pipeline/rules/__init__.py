"""Pure rules: values in, values out. No clock, files, database, network, environment or logs."""
