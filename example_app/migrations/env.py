"""What Flask-Migrate runs: the newsroom's models against its database."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

import flask_continuum.migrations  # noqa: F401, history follows the models


def run() -> None:
    """Run migrations, or write them out as SQL."""
    migrate: Any = current_app.extensions["migrate"]
    engine = migrate.db.engine
    options = {"target_metadata": migrate.db.metadata, **migrate.configure_args}
    if context.is_offline_mode():
        context.configure(dialect_name=engine.dialect.name, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    with engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()


run()
