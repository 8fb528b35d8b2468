"""Alarms of a bedside monitor, verified by signals other than the one that raised them."""
