"""From mapped classes to version tables and version classes."""
