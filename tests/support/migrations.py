"""A folder of migrations, as Alembic generates and runs them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

ENVIRONMENT = """
from alembic import context

import flask_continuum.migrations

connection = context.config.attributes["connection"]
where = {"connection": connection}
if context.is_offline_mode():
    where = {"dialect_name": connection.dialect.name, "literal_binds": True}
context.configure(
    **where,
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
"""

TEMPLATE = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of migrations beside a database."""

    folder: Path
    engine: sa.Engine
    metadata: sa.MetaData

    def run(self, run: Any, *arguments: Any, **options: Any) -> str:
        """Run one of Alembic's commands, and return the SQL that it has only written."""
        written = io.StringIO()
        config = Config(output_buffer=written)
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("path_separator", "os")
        with self.engine.connect() as connection:
            config.attributes.update(connection=connection, metadata=self.metadata)
            run(config, *arguments, **options)
            connection.commit()
        return written.getvalue()

    def generate(self) -> str:
        """Generate a migration, and return its text."""
        before = set((self.folder / "versions").iterdir())
        self.run(command.revision, message="history", autogenerate=True)
        (script,) = set((self.folder / "versions").iterdir()) - before
        return script.read_text(encoding="utf-8")

    def write(self, upgrade: str, downgrade: str) -> None:
        """Write a migration by hand."""
        before = set((self.folder / "versions").iterdir())
        self.run(command.revision, message="by hand")
        (script,) = set((self.folder / "versions").iterdir()) - before
        text = script.read_text(encoding="utf-8")
        for body in (upgrade, downgrade):
            text = text.replace("    pass\n", f"    {body}\n", 1)
        script.write_text(text, encoding="utf-8")


def make_migrations(folder: Path, engine: sa.Engine, metadata: sa.MetaData) -> Migrations:
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENVIRONMENT, encoding="utf-8")
    (folder / "script.py.mako").write_text(TEMPLATE, encoding="utf-8")
    return Migrations(folder, engine, metadata)
