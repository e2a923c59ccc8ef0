"""`scan all`: many targets in one run, journalled so that a killed run goes on where it ended."""
