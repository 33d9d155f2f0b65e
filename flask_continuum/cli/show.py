"""``flask history show``."""

from __future__ import annotations

import click

from flask_continuum.cli.printing import as_json, echo_json, examples, instant, plain, shown
from flask_continuum.cli.subjects import (
    Desk,
    key_argument,
    model_argument,
    reveal,
    transaction_facts,
    transaction_of,
    who,
    with_desk,
)
from flask_continuum.engine.operation import Operation
from flask_continuum.presenters.characters import visible


@click.command(
    "show",
    short_help="Show a record as it is or was.",
    epilog=examples("flask history show article 42", "flask history show article 42 1187 --json"),
)
@model_argument
@key_argument
@click.argument("transaction", metavar="[TX]", type=int, required=False)
@reveal
@as_json
@with_desk
def command(desk: Desk, model: str, key: str, transaction: int | None, json_: bool) -> None:
    """Show a record as its newest version says, or as it was at transaction TX."""
    versioned = desk.model(model)
    version = desk.version(versioned, desk.key(versioned, key), transaction)
    actual = desk.entry(version)
    made = version.transaction
    operation = Operation(getattr(version, actual.options.operation_type_column_name))
    values = desk.record(version)
    if json_:
        echo_json(
            {
                "model": desk.segment(actual),
                "key": key,
                "operation": operation.name,
                **({} if made is None else transaction_facts(made)),
                "transaction": str(transaction_of(version)),
                "values": {name: plain(value) for name, value in values.items()},
            }
        )
        return
    click.secho(visible(desk.name(version)), bold=True)
    by = "" if made is None else f", {instant(made.issued_at)}, {visible(who(made))}"
    click.echo(f"{operation.name} in #{transaction_of(version)}{by}")
    width = max(map(len, values), default=0)
    for name, value in values.items():
        click.echo(f"  {name:<{width}}  {shown(value)}")
