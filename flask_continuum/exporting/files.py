"""``export``: the history as CSV or as lines of JSON, oldest first, to go on with later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import IO, Any

from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.feeds import deliver
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read.change_feed import FeedItem
from flask_continuum.engine.setup import manager_or_default
from flask_continuum.exporting.rows import Telling
from flask_continuum.presenters.exports import CHANGES, csv_line, csv_lines, json_line

BATCH = 200
"""Transactions that are read at a time."""


def export(
    session: Session | scoped_session[Any],
    to: IO[str],
    manager: VersioningManager | None = None,
    *,
    form: str = "jsonl",
    after: str | None = None,
    models: Sequence[Any] | None = None,
    reveal: bool = False,
) -> str | None:
    """Write what was changed into a file, a transaction at a time.

    :param session: one for this alone: its transaction ends now and then.
    :param to: an open file; a file of CSV with ``newline=""``.
    :param manager: of which models; without it, those of ``make_versioned``.
    :param form: ``"jsonl"``, a line for each change of a record, or ``"csv"``, one for each field.
    :param after: the cursor that an earlier call has returned: only what has come since, without
        the names of columns, to be added to the same file.
    :param models: only what was done to these.
    :param reveal: write secrets too.
    :returns: the cursor to go on with.
    :raises ValueError: when there is no such form.
    """
    if form not in FORMS:
        raise ValueError(f"There is no form {form!r} of a file; there are {', '.join(FORMS)}.")
    manager = manager_or_default(manager)
    telling = Telling.about(manager.registry, reveal=reveal)
    lines = FORMS[form]
    if form == "csv" and after is None:
        to.writelines(csv_lines(CHANGES, ()))

    def write(item: FeedItem) -> None:
        to.writelines(lines(telling, item))

    return deliver(session, write, manager, after=after, limit=BATCH, models=models)


def _csv(telling: Telling, item: FeedItem) -> list[str]:
    rows = telling.rows(item, flat=True)
    return [csv_line(row.get(name) for name in CHANGES) for row in rows]


def _json_lines(telling: Telling, item: FeedItem) -> list[str]:
    return [json_line(row) for row in telling.rows(item, flat=False)]


FORMS: Mapping[str, Callable[[Telling, FeedItem], list[str]]] = MappingProxyType(
    {"jsonl": _json_lines, "csv": _csv}
)
"""The forms of a file."""
