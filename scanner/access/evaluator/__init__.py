"""The second evaluator for AWS: one concrete request at a time, sharing no code with the comparison it checks."""
