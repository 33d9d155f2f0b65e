"""``flask history revert``."""

from __future__ import annotations

import click

from flask_continuum.cli.plans import carry_out, plan_options
from flask_continuum.cli.printing import as_json, examples
from flask_continuum.cli.subjects import Desk, key_argument, model_argument, reveal, with_desk
from flask_continuum.engine.revert import plan_revert


@click.command(
    "revert",
    short_help="Make a record what it was.",
    epilog=examples(
        "flask history revert article 42 1173",
        'flask history revert article 42 1173 --field title --reason "Wrong title" --yes',
    ),
)
@model_argument
@key_argument
@click.argument("transaction", metavar="TX", type=int)
@click.option("--field", "fields", multiple=True, help="Only this field; may be given again.")
@click.option(
    "--relation", "relations", multiple=True, metavar="PATH",
    help="Bring this relationship back too, such as comments; may be given again.",
)  # fmt: skip
@plan_options
@reveal
@as_json
@with_desk
def command(
    desk: Desk,
    model: str,
    key: str,
    transaction: int,
    fields: tuple[str, ...],
    relations: tuple[str, ...],
    reason: str | None,
    yes: bool,
    dry_run: bool,
    json_: bool,
) -> None:
    """Make a record what it was at transaction TX; a deleted one comes back. The plan is shown
    first, and nothing is done before it is confirmed.
    """
    versioned = desk.model(model)
    version = desk.version(versioned, desk.key(versioned, key), transaction)
    plan = plan_revert(desk.session, version, relations=relations or None, fields=fields or None)
    carry_out(desk, plan, named=fields, reason=reason, yes=yes, dry_run=dry_run, json_=json_)
