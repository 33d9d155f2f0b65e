"""The environments that contenders run in: this one, or one of their own made from PyPI."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

from benchmarks.contenders import Contender

BESIDE = ("sqlalchemy", "psycopg", "psycopg-binary", "pymysql")


def interpreter(contender: Contender, folder: Path) -> Path:
    """Return the Python that a contender runs on; makes its environment when it is not there yet.

    :param folder: where environments are kept.
    :raises CalledProcessError: when what it requires cannot be installed.
    """
    if not contender.requirements:
        return Path(sys.executable)
    wanted = [*(f"{name}=={importlib.metadata.version(name)}" for name in BESIDE)]
    wanted += contender.requirements
    place = folder / sha256(" ".join(wanted).encode()).hexdigest()[:12]
    python = place / "bin" / "python"
    complete = place / "complete"
    if not complete.exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        complete.touch()
    return python
