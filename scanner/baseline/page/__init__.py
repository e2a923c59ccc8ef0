"""A documentation page read into the records of a documented version."""
