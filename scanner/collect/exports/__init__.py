"""The providers' own export files, recognised by their content."""
