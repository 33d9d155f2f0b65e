"""``flask history vacuum``."""

from __future__ import annotations

import click

from flask_continuum.cli.printing import as_json, echo_json, examples
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.maintenance import vacuum
from flask_continuum.engine.read.families import bases
from flask_continuum.presenters.labels import count_of


@click.command(
    "vacuum",
    short_help="Delete versions that say nothing.",
    epilog=examples(
        "flask history vacuum --dry-run",
        "flask history vacuum article --yes",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Count them, and do nothing.")
@as_json
@with_desk
def command(desk: Desk, models: tuple[str, ...], yes: bool, dry_run: bool, json_: bool) -> None:
    """Delete the versions that are equal to the one before, of all models or of some. They are left
    by changes of the schema, and in histories that were written elsewhere.
    """
    chosen = [desk.model(name) for name in models] or bases(desk.state.manager.registry)
    if json_ and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run to count only.")
    counts = {desk.segment(each): vacuum(desk.session, each.model, dry_run=True) for each in chosen}
    total = sum(counts.values())
    if not json_:
        for name, count in counts.items():
            click.echo(f"{name}: {count_of(count, 'version')}")
    if total and not dry_run:
        if not yes:
            click.confirm(f"Delete {count_of(total, 'version')} for good?", abort=True)
        for each in chosen:
            counts[desk.segment(each)] = vacuum(desk.session, each.model)
        desk.session.commit()
    if json_:
        echo_json({"deleted": bool(total) and not dry_run, "versions": counts})
    elif total:
        click.echo("Nothing has changed." if dry_run else "Done.")
    else:
        click.echo("Nothing to do.")
