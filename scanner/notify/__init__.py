"""Telling people and machines what changed: one message for one change set, in the form of each channel."""
