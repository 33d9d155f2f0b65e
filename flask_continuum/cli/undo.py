"""``flask history undo``."""

from __future__ import annotations

import click

from flask_continuum.cli.plans import carry_out, plan_options
from flask_continuum.cli.printing import as_json, examples
from flask_continuum.cli.subjects import Desk, reveal, with_desk
from flask_continuum.engine.revert import plan_undo


@click.command(
    "undo",
    short_help="Take back what a transaction changed.",
    epilog=examples("flask history undo 1187", "flask history undo 1187 --dry-run --json"),
)
@click.argument("transaction", metavar="TX")
@plan_options
@reveal
@as_json
@with_desk
def command(
    desk: Desk, transaction: str, reason: str | None, yes: bool, dry_run: bool, json_: bool
) -> None:
    """Take back all that one transaction changed, named by its number or its uid. What somebody
    has changed since stays. The plan is shown first, and nothing is done before it is confirmed.
    """
    plan = plan_undo(desk.session, desk.transaction(transaction))
    carry_out(desk, plan, reason=reason, yes=yes, dry_run=dry_run, json_=json_)
