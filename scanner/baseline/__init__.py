"""Documented versions: records, loading and validation, variables, import from a page."""
