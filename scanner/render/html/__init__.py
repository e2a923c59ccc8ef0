"""Everything people read in a browser or print: the report, the fleet, the period."""
