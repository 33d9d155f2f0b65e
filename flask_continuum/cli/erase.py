"""``flask history erase``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from flask_continuum.cli.printing import as_json, echo_json, examples
from flask_continuum.cli.subjects import Desk, key_argument, model_argument, with_desk
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.maintenance import Erasure, erase
from flask_continuum.presenters.addresses import BadAddress, key_at
from flask_continuum.presenters.labels import count_of


@click.command(
    "erase",
    short_help="Take a person's values out of the history.",
    epilog=examples(
        "flask history erase member 7 --live --dry-run",
        "flask history erase member 7 --live --value 'name=former member' --reason 'asked by mail'",
        "flask history erase article 42 --field body",
    ),
)
@model_argument
@key_argument
@click.option(
    "--field", "fields", multiple=True, metavar="FIELD",
    help="Only this field; all that is marked as personal otherwise.",
)  # fmt: skip
@click.option(
    "--follow", multiple=True, metavar="RELATIONSHIP",
    help="A relationship whose records belong to it, in place of the option 'personal'.",
)  # fmt: skip
@click.option("--live", is_flag=True, help="The live rows, too.")
@click.option(
    "--value", "values", multiple=True, metavar="FIELD=VALUE",
    help="What a live field gets in its place, as JSON or text.",
)  # fmt: skip
@click.option("--reasons", is_flag=True, help="Also the reasons that the user gave for changes.")
@click.option("--reason", help="Why, for the history.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Count, and do nothing.")
@as_json
@with_desk
def command(
    desk: Desk,
    model: str,
    key: str,
    fields: tuple[str, ...],
    follow: tuple[str, ...],
    live: bool,
    values: tuple[str, ...],
    reasons: bool,
    reason: str | None,
    yes: bool,
    dry_run: bool,
    json_: bool,
) -> None:
    """Take the personal values of a record out of the history for good: of the record KEY and of
    what belongs to it. Where it is a user, also what is told of them as the one who acted.
    """
    if json_ and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run to count only.")
    entry = desk.model(model)
    try:
        subject = (entry.model, key_at(entry, key))
    except BadAddress as error:
        raise click.BadParameter(str(error), param_hint="KEY") from error
    how: dict[str, Any] = {
        "fields": fields or None,
        "follow": follow or None,
        "live": live,
        "values": dict(map(_value, values)),
        "reasons": reasons,
    }
    manager = desk.state.manager
    try:
        found = erase(desk.session, subject, manager, **how, dry_run=True)
    except (ValueError, ImproperlyConfigured) as error:
        raise click.UsageError(str(error)) from error
    if not json_:
        for line in _lines(found):
            click.echo(line)
    if found.total and not dry_run:
        if not yes:
            click.confirm(f"Erase {count_of(found.total, 'value')} for good?", abort=True)
        found = erase(desk.session, subject, manager, **how, reason=reason)
    if json_:
        echo_json(_as_json(found))
    elif not found.total:
        click.echo("Nothing to do.")
    else:
        click.echo("Nothing has changed." if dry_run else "Done.")


def _value(text: str) -> tuple[str, Any]:
    """Return the field that a text names, and the value that it gives."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise click.BadParameter(f"{text!r} is not written as FIELD=VALUE.", param_hint="--value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _lines(found: Erasure) -> Iterator[str]:
    for table, number in found.records.items():
        yield f"{table}: {count_of(number, 'record')}"
    for table, columns in found.versions.items():
        for column, number in columns.items():
            yield f"  {table}.{column}: {count_of(number, 'version')}"
    for table, number in found.live.items():
        yield f"  {table}: {count_of(number, 'live row')}"
    for table, number in found.traces.items():
        yield f"  {table}: {count_of(number, 'trace')}"
    for name in found.kept:
        yield f"  {name} is part of a key and stays."


def _as_json(found: Erasure) -> dict[str, Any]:
    return {
        "erased": bool(found.transactions),
        "transactions": [str(number) for number in found.transactions],
        "records": dict(found.records),
        "versions": {table: dict(columns) for table, columns in found.versions.items()},
        "live": dict(found.live),
        "traces": dict(found.traces),
        "kept": list(found.kept),
    }
