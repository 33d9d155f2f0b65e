"""``flask history diff``."""

from __future__ import annotations

import click

from flask_continuum.cli.changes import changes_as_json, full_lines, link_lines
from flask_continuum.cli.printing import as_json, echo_json, examples
from flask_continuum.cli.subjects import (
    Desk,
    key_argument,
    model_argument,
    reveal,
    transaction_of,
    with_desk,
)
from flask_continuum.engine.read.differences import changes
from flask_continuum.engine.read.navigation import previous


@click.command(
    "diff",
    short_help="Show what differs between two states of a record.",
    epilog=examples(
        "flask history diff article 42", "flask history diff article 42 --from 1173 --to 1187"
    ),
)
@model_argument
@key_argument
@click.option("--from", "old", metavar="TX", type=int, help="As of this transaction.")
@click.option("--to", "new", metavar="TX", type=int, help="As of this one; the newest without it.")
@reveal
@as_json
@with_desk
def command(
    desk: Desk, model: str, key: str, old: int | None, new: int | None, json_: bool
) -> None:
    """Show what differs between two states of a record; without --from, what the later one
    changed.
    """
    versioned = desk.model(model)
    found = desk.key(versioned, key)
    later = desk.version(versioned, found, new)
    actual = desk.entry(later)
    if old is None:
        earlier = previous(desk.session, later)
        if earlier is None:
            raise click.UsageError(
                f"#{transaction_of(later)} is the first version: there is nothing before it. "
                f"'flask history show' shows it whole."
            )
        start, end = transaction_of(earlier), transaction_of(later)
        difference = changes(desk.session, later)
    else:
        desk.version(versioned, found, old)
        start, end = old, transaction_of(later) if new is None else new
        difference = changes(desk.session, (versioned.model, found), since=old, until=new)
    if json_:
        echo_json(
            {
                "model": desk.segment(actual),
                "key": key,
                "from": str(start),
                "to": str(end),
                **changes_as_json(desk, actual, difference.fields, difference.links),
            }
        )
        return
    click.echo(f"#{start} → #{end}")
    for line in full_lines(desk, actual, difference.fields):
        click.echo(line)
    for line in link_lines(desk, difference.links):
        click.echo(line)
    if difference.is_empty:
        click.echo("Nothing differs.")
