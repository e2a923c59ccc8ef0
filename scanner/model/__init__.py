"""Frozen records that every layer shares: snapshot, inventory, finding, report. No behaviour beyond construction."""
