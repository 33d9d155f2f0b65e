"""Builders of page contexts: what the engine found, as plain values for a template."""
