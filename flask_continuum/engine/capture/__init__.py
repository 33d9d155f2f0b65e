"""From what sessions and connections do to version rows."""
