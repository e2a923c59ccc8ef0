"""Loopback clouds that the real SDK clients talk to; used by the demo and by tests."""
