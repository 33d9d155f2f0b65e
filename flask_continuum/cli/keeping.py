"""Where a command that goes on later keeps its cursor: in a file, or in the reader's hands."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

after = click.option(
    "--after", metavar="CURSOR", help="Only what was committed after this; from an earlier call."
)
keep = click.option(
    "--keep", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the cursor in this file, and go on from there.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keeper:
    """A cursor in a file; without a file, none is kept."""

    file: Path | None

    def begin(self, after: str | None) -> str | None:
        """Return the cursor to begin behind.

        :raises UsageError: when it is both given and kept.
        """
        kept = self.file is not None and self.file.exists()
        if kept and after is not None:
            raise click.UsageError(f"{self.file} holds a cursor: leave --after out.")
        return self.file.read_text().strip() if kept and self.file else after

    def store(self, cursor: str) -> None:
        """Put a cursor in place of the one before, whole or not at all."""
        if self.file is not None:
            fresh = self.file.with_name(f"{self.file.name}.new")
            fresh.write_text(f"{cursor}\n")
            os.replace(fresh, self.file)
