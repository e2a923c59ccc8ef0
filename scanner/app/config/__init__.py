"""`porter-audit.yaml`: read strictly, checked, and turned into options."""
