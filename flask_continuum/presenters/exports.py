"""Values and rows as files hold them: cells of CSV that no spreadsheet runs, lines of JSON."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.unreadable import Unreadable

from .addresses import encode_key
from .characters import plain, visible
from .dates import as_utc
from .formats import json_text, number_text, printed
from .outside import outside_of

Row = Mapping[str, Any]

CHANGES = (
    "transaction", "uid", "at", "by", "user", "from", "kind", "reason",
    "model", "key", "operation", "field", "old", "new",
)  # fmt: skip
"""The columns of CSV that has a line for each field that changed."""
STARTS_FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠")
"""First characters after which a spreadsheet takes a text for a formula or a command."""
DEEPEST = 50
"""Levels of a value that are walked through; what is below is written as text."""


def csv_lines(columns: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
    """Rows as the lines of a file, their names first."""
    names = tuple(columns)
    # a byte order mark, for the spreadsheets that would not read UTF-8 without one
    yield "\ufeff" + csv_line(names)
    for row in rows:
        yield csv_line(row.get(name) for name in names)


def csv_line(values: Iterable[Any]) -> str:
    """A line of CSV, its end included; NULL is an empty cell."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([csv_cell(value) for value in values])
    return line.getvalue()


def csv_cell(value: Any) -> str:
    """A value as the text of a cell, which no spreadsheet takes for a formula.

    A text that begins like one gets an apostrophe in front; numbers stay as they are.
    """
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return number_text(value)
    simple = json_value(value)
    text = visible(simple if isinstance(simple, str) else json_text(simple))
    return f"'{text}" if text.lstrip(" ")[:1] in STARTS_FORMULA and text.strip() else text


def json_line(values: Mapping[str, Any]) -> str:
    """An object in a line of its own, its end included."""
    found = {key: json_value(value) for key, value in values.items()}
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    if any("\ud800" <= sign <= "\udfff" for sign in text):  # half a pair, which UTF-8 has not
        text = json.dumps(found, allow_nan=False)
    return text + "\n"


def transaction_facts(transaction: Any, *, by: str) -> dict[str, Any]:
    """Who, when, from where and why, as every row about a change begins.

    :param by: what whoever made it is called.
    """
    user_id = getattr(transaction, "user_id", None)
    at = transaction.issued_at
    outside = outside_of(transaction)
    address = (outside.client or None) if outside else getattr(transaction, "remote_addr", None)
    return {
        "transaction": str(transaction.id),
        "uid": transaction.uid,
        "at": None if at is None else f"{at.isoformat()}Z",
        "by": by,
        "user": None if user_id is None else encode_key((user_id,)),
        "from": address,
        "kind": transaction.kind,
        "reason": transaction.reason,
    }


def json_value(value: Any, depth: int = 0) -> Any:
    """A value in types that JSON has; dates are ISO 8601 in UTC, bytes their size and digest."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.name)
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, datetime):
        return as_utc(value).isoformat() if value.tzinfo is not None else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        return {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    if depth >= DEEPEST:
        return plain(printed(value))
    if isinstance(value, Mapping):
        return {plain(printed(key)): json_value(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(each, depth + 1) for each in value]
    return plain(printed(value))


def change_rows(
    head: Row,
    operation: Operation,
    fields: Mapping[str, tuple[Any, Any]],
    links: Mapping[str, Mapping[str, list[str]]],
    *,
    flat: bool,
) -> list[Row]:
    """One change of a record as rows.

    :param head: what each row begins with.
    :param fields: old and new values of what may be told.
    :param links: keys that were ``added`` to and ``removed`` from relationships.
    :param flat: a row for each field, as CSV has it; else one for all.
    """
    row = {**head, "operation": done(operation)}
    deleted = operation is Operation.DELETE
    changes = {
        name: [exported(old), None if deleted else exported(new)]
        for name, (old, new) in fields.items()
    }
    if not flat:
        return [{**row, "changes": changes, "links": links}]
    rows: list[Row] = [
        {**row, "field": name, "old": old, "new": new} for name, (old, new) in changes.items()
    ]
    rows += [
        {
            **row,
            "field": name,
            "old": " ".join(its["removed"]) or None,
            "new": " ".join(its["added"]) or None,
        }
        for name, its in links.items()
    ]
    return rows or [row]


def exported(value: Any) -> Any:
    """A value of history, with words for what it does not hold."""
    if value is NOT_RECORDED:
        return "(not recorded)"
    if isinstance(value, Erased):
        return "(erased)"
    if isinstance(value, Unreadable):
        return "(cannot be read any more)"
    return value


def done(operation: Operation) -> str:
    """What happened to a record, in a word."""
    return {Operation.INSERT: "created", Operation.UPDATE: "changed"}.get(operation, "deleted")
