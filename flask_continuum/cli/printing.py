"""What commands print: tables and values for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.unreadable import Unreadable
from flask_continuum.presenters.characters import visible
from flask_continuum.presenters.exports import json_value
from flask_continuum.presenters.formats import json_text

SHORT = 60
"""Characters of a value in a line that has others."""

as_json = click.option("--json", "json_", is_flag=True, help="Print JSON, for programs.")


def examples(*lines: str) -> str:
    """Return example calls for the end of a command's help, which keeps their lines."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def echo_json(found: Any) -> None:
    """Print a value as JSON; instants are ISO 8601 in UTC, numbers of transactions are texts."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=True, allow_nan=False))


def echo_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in aligned columns; what looks like a number is aligned to the right."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [
        max(len(line[place]) for line in (list(headings), *cells)) for place in range(len(headings))
    ]
    numeric = [
        all(row[place].replace(",", "").isdecimal() for row in cells)
        for place in range(len(headings))
    ]

    def line(row: Sequence[str]) -> str:
        parts = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        return "  ".join(parts).rstrip()

    click.secho(line(headings), bold=True)
    for row in cells:
        click.echo(line(row))


def instant(at: datetime | None) -> str:
    """Return an instant for people, in UTC to the second."""
    return "unknown time" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def shown(value: Any) -> str:
    """Return a value in one line, so that NULL, an empty text and what is not known differ."""
    if value is NOT_RECORDED:
        return "(not recorded)"
    if isinstance(value, Erased):
        return "(erased)" if value.at is None else f"(erased on {value.at:%Y-%m-%d})"
    if isinstance(value, Unreadable):
        return "(cannot be read any more)"
    if value is None:
        return "NULL"
    return visible(json_text(json_value(value)))


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what is not known says so."""
    if value is NOT_RECORDED:
        return {"not_recorded": True}
    if isinstance(value, Erased):
        return {"erased": True}
    if isinstance(value, Unreadable):
        return {"unreadable": True}
    return json_value(value)


@contextmanager
def progress_bar(
    total: int, label: str, *, hidden: bool = False
) -> Iterator[Callable[[str, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere.

    :param total: what it comes to in the end.
    :returns: what jobs call after each chunk, with a table and how much of it is done.
    """
    done: dict[str, int] = {}
    hidden = hidden or not sys.stdout.isatty()
    with click.progressbar(length=total, label=label, hidden=hidden) as bar:

        def tell(table: str, count: int) -> None:
            bar.update(count - done.get(table, 0))
            done[table] = count

        yield tell
