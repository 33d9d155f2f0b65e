"""SQLAlchemy-Continuum in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.availability import LeftOut

HERE = Path(__file__).parent
PEER = ("sqlalchemy-continuum==2.0.*", "psycopg[binary]>=3.1", "pymysql>=1.1")


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
