"""``flask history as-of``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa

from flask_continuum.cli.printing import as_json, echo_json, echo_table, examples, plain
from flask_continuum.cli.subjects import Desk, model_argument, reveal, transaction_of, with_desk
from flask_continuum.engine.read.as_of import as_of
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.presenters.addresses import encode_key


@click.command(
    "as-of",
    short_help="List the records of a model as they were.",
    epilog=examples(
        "flask history as-of article 2026-03-03T10:20",
        "flask history as-of article 1187 --json",
    ),
)
@model_argument
@click.argument("when", metavar="WHEN")
@click.option(
    "-n", "--number", type=click.IntRange(min=1), default=50, show_default=True,
    help="How many records.",
)  # fmt: skip
@reveal
@as_json
@with_desk
def command(desk: Desk, model: str, when: str, number: int, json_: bool) -> None:
    """List the records of a model as they were at WHEN: a date and time (UTC, where it has no zone)
    or the number or uid of a transaction.
    """
    versioned = desk.model(model)
    then: Any = as_of(versioned.model, _instant(desk, when))
    order = [getattr(then, name) for name in versioned.key_attributes]
    statement = sa.select(then).order_by(*order).limit(number + 1)
    arguments = connection_arguments(desk.session, versioned)
    found = list(desk.session.scalars(statement, bind_arguments=arguments).unique())
    rows = found[:number]
    if json_:
        echo_json(
            [
                {
                    "key": encode_key(versioned.key_of(each)),
                    "transaction": str(transaction_of(each)),
                    "values": {name: plain(value) for name, value in desk.record(each).items()},
                }
                for each in rows
            ]
        )
        return
    if rows:
        echo_table(
            ("key", "record", "since"),
            [
                (
                    encode_key(versioned.key_of(each)),
                    desk.name(each),
                    f"#{transaction_of(each)}",
                )
                for each in rows
            ],
        )
    else:
        click.echo("There were no records.", err=True)
    if len(found) > number:
        click.echo(f"… and more: -n {number * 2} shows them.", err=True)


def _instant(desk: Desk, text: str) -> Any:
    """Return the transaction, or the moment, that a text names."""
    bare = text.removeprefix("#")
    if bare.isdecimal() or len(bare) == 32:
        return desk.transaction(bare)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is neither a date and time, such as 2026-03-03T10:20, nor a transaction.",
            param_hint="WHEN",
        ) from error
