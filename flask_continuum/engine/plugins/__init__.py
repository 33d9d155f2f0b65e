"""Plugins: what applications add to the building and the writing of history."""
