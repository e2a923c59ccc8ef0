"""Provider JSON to Inventory, one file per source. Pure."""
