"""``flask history prune``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from flask_continuum.access_log import count_access_log, prune_access_log
from flask_continuum.cli.ages import read_age
from flask_continuum.cli.printing import as_json, echo_json, examples, progress_bar
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.maintenance import prune
from flask_continuum.engine.read.instants import naive_utc
from flask_continuum.presenters.labels import count_of

LOG = "history_access"


@click.command(
    "prune",
    short_help="Delete old versions.",
    epilog=examples(
        "flask history prune --older-than 2y --dry-run",
        "flask history prune article comment --keep 50 --yes",
        "flask history prune --older-than 2025-01-01 --keep 5 --yes --json",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--older-than", callback=read_age, metavar="AGE",
    help="What was so since then stays known: 90d, 12w, 2y, or a date (UTC, where it has no zone).",
)  # fmt: skip
@click.option(
    "--keep", type=click.IntRange(min=1), metavar="N",
    help="Keep the last N versions of each life of a record.",
)  # fmt: skip
@click.option(
    "--chunk", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Records at a time; each chunk is committed.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Count them, and do nothing.")
@as_json
@with_desk
def command(
    desk: Desk,
    models: tuple[str, ...],
    older_than: datetime | timedelta | None,
    keep: int | None,
    chunk: int,
    yes: bool,
    dry_run: bool,
    json_: bool,
) -> None:
    """Delete old versions for good, of all models or of some: those that are older than AGE, or not
    among the last N, or both where both are given. The newest version of a record stays, and so
    does the state that a deletion ended. What is interrupted goes on where it was.

    With --older-than and no MODEL, what the access log has noted before then is deleted, too.
    """
    if older_than is None and keep is None:
        raise click.UsageError("Say what may go: --older-than AGE, --keep N, or both.")
    if json_ and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run to count only.")
    # one instant for counting and deleting
    try:
        then = utcnow() - older_than if isinstance(older_than, timedelta) else older_than
    except OverflowError as error:
        raise click.BadParameter("there was no such time.", param_hint="--older-than") from error
    chosen = [desk.model(name).model for name in models] or None
    wanted: dict[str, Any] = {"models": chosen, "older_than": then, "keep": keep or 0}
    manager = desk.state.manager
    counts = dict(prune(desk.session, manager, **wanted, dry_run=True))
    with_log = desk.state.settings.access_log and then is not None and not models
    noted = count_access_log(desk.session, naive_utc(then)) if with_log and then else 0
    total = sum(counts.values())
    if not json_:
        for table, count in counts.items():
            click.echo(f"{table}: {count_of(count, 'version')}")
        if with_log:
            click.echo(f"{LOG}: {count_of(noted, 'entry')}")
    write = bool(total or noted) and not dry_run
    if write:
        if not yes:
            things = f"{count_of(total, 'version')}"
            things += f" and {count_of(noted, 'entry')}" if noted else ""
            click.confirm(f"Delete {things} for good?", abort=True)
        if total:
            with progress_bar(total, "Pruning", hidden=json_) as tell:
                counts = dict(prune(desk.session, manager, **wanted, chunk=chunk, progress=tell))
        if noted and then is not None:
            noted = prune_access_log(desk.session, then, chunk=chunk)
    if json_:
        found: dict[str, Any] = {"deleted": write, "versions": counts}
        echo_json({**found, "access_log": noted} if with_log else found)
    elif total or noted:
        click.echo("Done." if write else "Nothing has changed.")
    else:
        click.echo("Nothing to do.")
