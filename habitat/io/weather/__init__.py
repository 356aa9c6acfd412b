"""Weather of services, reanalysis and stations."""
