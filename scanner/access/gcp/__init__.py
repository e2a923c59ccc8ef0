"""GCP access: bindings, deny rules and CEL conditions compared exactly, and its second evaluator."""
