"""Helpers for one database, in the modules where SQLAlchemy-Continuum has them."""
