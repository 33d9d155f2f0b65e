"""The engine: versioning and auditing for SQLAlchemy, usable without Flask."""
