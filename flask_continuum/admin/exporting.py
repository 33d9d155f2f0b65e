"""What the pages list, as a file: streamed, with the page's filters, without what is hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import Response, request, stream_with_context

from flask_continuum.admin.contexts import Link
from flask_continuum.admin.errors import bad_request, not_allowed, one_of
from flask_continuum.admin.rendering import JSON
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import Gone
from flask_continuum.policy import Decision
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.exports import Row, csv_lines, json_line
from flask_continuum.presenters.words import _

TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
}
BATCH = 200
"""Rows of one statement while a file is written."""


def wanted_file() -> str | None:
    """The format of the file that a request asks for, ``None`` for a page.

    :raises BadRequest: when there is no such format.
    """
    name = request.args.get("format", "")
    if name in ("", JSON):
        return None
    if name not in TYPES:
        raise bad_request(one_of("format", (*TYPES, JSON)))
    return name


def send_file(
    visit: Visit, name: str, form: str, columns: tuple[str, ...], rows: Iterable[Row]
) -> Response:
    """Stream rows as a file.

    :param name: of the file, without its ending.
    :param columns: of CSV, in order; a line of JSON has all that a row has.
    """
    lines = csv_lines(columns, rows) if form == "csv" else (json_line(row) for row in rows)
    streamed = stream_with_context(_closing(visit, lines))
    response = Response(streamed, content_type=TYPES[form])
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{form}")
    return response


def _closing(visit: Visit, lines: Iterable[str]) -> Iterator[str]:
    """Give the session back at the end: the request that it belongs to is over by then."""
    try:
        yield from lines
    finally:
        kept = visit.state.db.session
        if not (kept.registry.has() and kept() is visit.session):
            visit.session.close()


def require_export(decision: Decision) -> None:
    """Let pass who may take the history away.

    :raises Forbidden: with the policy's reason.
    """
    if not decision.allowed:
        raise not_allowed(decision.reason or _("You may not export this."))


def export_links(decision: Decision, url_of: Callable[..., str]) -> tuple[Link, ...]:
    """The ways to the files of a page, for those who may have them.

    :param url_of: makes the address of the page, its filters included, from a further query.
    """
    if not decision.allowed:
        return ()
    return (
        Link(label="CSV", url=url_of(format="csv"), title=_("Export as CSV, for spreadsheets")),
        Link(label="JSON Lines", url=url_of(format="jsonl"), title=_("Export as JSON, by line")),
    )


def related_key(visit: Visit, thing: Any) -> str:
    """The key of a related record, as in addresses."""
    if isinstance(thing, Gone):
        return encode_key(thing.key)
    return encode_key(visit.registry.of(thing).key_of(thing))
