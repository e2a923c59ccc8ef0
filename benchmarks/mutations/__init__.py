"""Mutations of the documented state of the three clouds, and what says whether they changed anything."""
