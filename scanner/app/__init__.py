"""Use cases that tie collecting, evaluating and rendering together."""
