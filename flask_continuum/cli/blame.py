"""``flask history blame``."""

from __future__ import annotations

from typing import Any

import click

from flask_continuum.cli.changes import cut
from flask_continuum.cli.printing import as_json, echo_json, echo_table, examples, instant, plain
from flask_continuum.cli.subjects import (
    MASKED,
    Desk,
    key_argument,
    model_argument,
    reveal,
    transaction_facts,
    who,
    with_desk,
)
from flask_continuum.engine.read.blame import blame
from flask_continuum.engine.read.results import Blame
from flask_continuum.engine.registry import VersionedClass


@click.command(
    "blame",
    short_help="Show who last changed each field of a record.",
    epilog=examples(
        "flask history blame article 42",
        "flask history blame article 42 1173",
    ),
)
@model_argument
@key_argument
@click.argument("transaction", metavar="[TX]", type=int, required=False)
@reveal
@as_json
@with_desk
def command(desk: Desk, model: str, key: str, transaction: int | None, json_: bool) -> None:
    """Show for each field of a record its value and who set it when, as of transaction TX where one
    is given.
    """
    versioned = desk.model(model)
    version = desk.version(versioned, desk.key(versioned, key), transaction)
    found = blame(desk.session, version)
    actual = desk.entry(version)
    if json_:
        echo_json({name: _as_json(desk, actual, each) for name, each in found.items()})
        return
    echo_table(
        ("field", "value", "set in", "at", "by"),
        [
            (
                name,
                MASKED if desk.hides(actual, name) else cut(each.value),
                *_set(each),
            )
            for name, each in found.items()
        ],
    )


def _set(each: Blame) -> tuple[str, str, str]:
    made = each.transaction
    if made is None:
        return "", "", ""
    return f"{'' if each.exact else '≤ '}#{made.id}", instant(made.issued_at), who(made)


def _as_json(desk: Desk, versioned: VersionedClass, each: Blame) -> dict[str, Any]:
    return {
        "value": MASKED if desk.hides(versioned, each.field) else plain(each.value),
        "exact": each.exact,
        "set": None if each.transaction is None else transaction_facts(each.transaction),
    }
