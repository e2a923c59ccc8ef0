"""Rules on the identities of services that run on Porter: what porter.yaml declares, and what is live behind it."""
