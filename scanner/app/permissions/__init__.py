"""`permissions`: the least a reader needs, made from the lists of calls."""
