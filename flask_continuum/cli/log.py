"""``flask history log``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from flask_continuum.cli.changes import changes_as_json, short_lines
from flask_continuum.cli.printing import as_json, echo_json, examples, instant
from flask_continuum.cli.subjects import (
    Desk,
    reveal,
    transaction_facts,
    who,
    with_desk,
)
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.results import Entry, Page, TransactionRow
from flask_continuum.engine.read.timeline import timeline
from flask_continuum.engine.read.transactions import transactions
from flask_continuum.presenters.characters import visible
from flask_continuum.presenters.labels import model_label
from flask_continuum.presenters.sentences import entry_sentence, transaction_sentence

_AT_ONCE = 100


@click.command(
    "log",
    short_help="Show who changed what, newest first.",
    epilog=examples(
        "flask history log",
        'flask history log article --by "nightly import" --since 2026-11-01',
        "flask history log article 42 -n 5",
    ),
)
@click.argument("model", metavar="[MODEL", required=False)
@click.argument("key", metavar="[KEY]]", required=False)
@click.option(
    "-n", "--number", type=click.IntRange(min=1), default=20, show_default=True,
    help="How many changes.",
)  # fmt: skip
@click.option("--by", metavar="LABEL", help="Only those under this label.")
@click.option("--since", type=click.DateTime(), help="Only those from this instant on (UTC).")
@click.option("--until", type=click.DateTime(), help="Only those before this instant (UTC).")
@click.option("--field", help="Only those of this field (of a model).")
@reveal
@as_json
@with_desk
def command(
    desk: Desk,
    model: str | None,
    key: str | None,
    number: int,
    by: str | None,
    since: datetime | None,
    until: datetime | None,
    field: str | None,
    json_: bool,
) -> None:
    """Show the transactions of everything or of a model, or the changes of one record."""
    if model is not None and key is not None:
        if by or since or until:
            raise click.UsageError("--by, --since and --until are for lists without a KEY.")
        _log_record(desk, model, key, number, field, json_=json_)
        return
    if field is not None and model is None:
        raise click.UsageError("--field needs a MODEL.")
    wanted = FeedFilter(
        model=None if model is None else desk.model(model).model,
        actor=by,
        since=since,
        until=until,
        field=field,
    )
    rows = _take(
        number,
        lambda cursor, limit: transactions(
            desk.session, desk.state.manager, cursor=cursor, limit=limit, wanted=wanted
        ),
    )
    if json_:
        echo_json([_row_as_json(desk, row) for row in rows])
        return
    for row in rows:
        _echo_head(row.transaction)
        click.echo(f"    {_row_words(row)}")
    _echo_nothing(rows)


def _log_record(
    desk: Desk, model: str, key_text: str, number: int, field: str | None, *, json_: bool
) -> None:
    versioned = desk.model(model)
    key = desk.key(versioned, key_text)
    if field is not None and desk.hides(versioned, field):
        raise click.UsageError(f"{field} is a secret: add --reveal to look for its changes.")
    entries = _take(
        number,
        lambda cursor, limit: timeline(
            desk.session, versioned.model, key, cursor=cursor, limit=limit, field=field
        ),
    )
    if json_:
        echo_json([entry_as_json(desk, each) for each in entries])
        return
    for each in entries:
        _echo_head(each.transaction)
        actual = desk.entry(each.version)
        sentence = entry_sentence(
            int(each.operation),
            model_label(actual.model.__name__),
            fields=len(each.fields),
            links=[change.relationship for change in each.links],
        )
        click.echo(f"    {sentence}")
        for line in short_lines(desk, actual, each.fields, each.links):
            click.echo(f"      {line}")
    _echo_nothing(entries)


def entry_as_json(desk: Desk, entry: Entry) -> dict[str, Any]:
    """Return a change of a record as JSON has it."""
    return {
        **transaction_facts(entry.transaction),
        "operation": entry.operation.name,
        **changes_as_json(desk, desk.entry(entry.version), entry.fields, entry.links),
    }


def _take(number: int, read: Callable[[str | None, int], Page[Any]]) -> list[Any]:
    """Return the first items of a list that comes in pages."""
    found: list[Any] = []
    cursor: str | None = None
    while len(found) < number:
        page = read(cursor, min(number - len(found), _AT_ONCE))
        found += page.items
        cursor = page.older
        if cursor is None:
            break
    return found


def _echo_head(transaction: Any) -> None:
    head = click.style(f"#{transaction.id}", fg="yellow", bold=True)
    click.echo(f"{head}  {instant(transaction.issued_at)}  {visible(who(transaction))}")
    if transaction.reason:
        click.secho(f"    “{visible(transaction.reason)}”", italic=True)


def _echo_nothing(found: list[Any]) -> None:
    if not found:
        click.echo("No changes.", err=True)


def _row_words(row: TransactionRow) -> str:
    counts = {
        model_label(model.__name__): {int(done): number for done, number in by.items()}
        for model, by in row.counts.items()
    }
    return str(transaction_sentence(counts))


def _row_as_json(desk: Desk, row: TransactionRow) -> dict[str, Any]:
    return {
        **transaction_facts(row.transaction),
        "counts": {
            desk.segment(desk.entry(model)): {done.name: number for done, number in by.items()}
            for model, by in row.counts.items()
        },
    }
