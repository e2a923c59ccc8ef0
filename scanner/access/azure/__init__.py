"""Azure access: role definitions, assignments, exclusions and conditions compared exactly, and its second evaluator."""
