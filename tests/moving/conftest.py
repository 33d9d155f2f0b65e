"""SQLAlchemy-Continuum in an environment of its own, and a migration as Alembic generates it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.support.availability import LeftOut

HERE = Path(__file__).parent
PEER = ("sqlalchemy-continuum==2.0.*", "psycopg[binary]>=3.1", "pymysql>=1.1")

ENVIRONMENT = """
from alembic import context

import flask_continuum.migrations

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
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
class Peer:
    """An interpreter that has SQLAlchemy-Continuum."""

    python: Path

    def fill(self, uri: str, strategy: str = "validity") -> dict[str, list[list[str]]]:
        """Fill a database, and return what the other package says of each record."""
        done = subprocess.run(
            [self.python, HERE / "fill.py", uri, strategy],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, list[list[str]]] = json.loads(done.stdout)
        return told


@pytest.fixture(scope="session")
def peer(left_out: LeftOut, tmp_path_factory: pytest.TempPathFactory) -> Peer:
    folder = tmp_path_factory.mktemp("peer") / "env"
    venv.create(folder, symlinks=os.name != "nt")
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *PEER]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        left_out.leave_out("SQLAlchemy-Continuum cannot be installed")
    return Peer(python)


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of migrations beside a database."""

    folder: Path
    engine: sa.Engine
    metadata: sa.MetaData

    def run(self, run: Any, *arguments: Any, **options: Any) -> None:
        """Run one of Alembic's commands."""
        config = Config()
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("path_separator", "os")
        with self.engine.connect() as connection:
            config.attributes.update(connection=connection, metadata=self.metadata)
            run(config, *arguments, **options)
            connection.commit()

    def generate(self) -> str:
        """Generate a migration, and return its text."""
        before = set((self.folder / "versions").iterdir())
        self.run(command.revision, message="history", autogenerate=True)
        (script,) = set((self.folder / "versions").iterdir()) - before
        return script.read_text(encoding="utf-8")


def make_migrations(folder: Path, engine: sa.Engine, metadata: sa.MetaData) -> Migrations:
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENVIRONMENT, encoding="utf-8")
    (folder / "script.py.mako").write_text(TEMPLATE, encoding="utf-8")
    return Migrations(folder, engine, metadata)
