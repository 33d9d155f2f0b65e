"""Triggers that write versions: their text for each database, and installing them."""
