"""Where the templates and the stylesheet are: inside an installed package, or beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LANDMARK = Path("templates", "continuum", "base.html")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders a blueprint serves from."""

    templates: Path
    static: Path


def find_folders(package: Path | None = None) -> Folders:
    """The folders of templates and static files.

    :param package: where the package is; its own folder when left out.
    :raises FileNotFoundError: when neither the package nor the folder around it has them.
    """
    package = package or Path(__file__).resolve().parent.parent
    for root in (package, package.parent):
        if (root / _LANDMARK).is_file():
            return Folders(templates=root / "templates", static=root / "static")
    raise FileNotFoundError(
        f"Neither {package} nor {package.parent} contains {_LANDMARK.as_posix()}: the installation "
        "is incomplete. Install flask-continuum again."
    )
