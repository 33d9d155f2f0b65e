"""``flask history baseline``."""

from __future__ import annotations

import click

from flask_continuum.cli.printing import as_json, echo_json, examples, progress_bar
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.maintenance import baseline
from flask_continuum.presenters.labels import count_of


@click.command(
    "baseline",
    short_help="Write first versions of rows that predate their history.",
    epilog=examples(
        "flask history baseline --dry-run",
        "flask history baseline article --chunk 5000 --yes",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--chunk", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Records at a time; each chunk is committed.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Count them, and do nothing.")
@as_json
@with_desk
def command(
    desk: Desk, models: tuple[str, ...], chunk: int, yes: bool, dry_run: bool, json_: bool
) -> None:
    """Write a first version of each record that has none, as it is now, of all models or of some.
    What is interrupted goes on where it was.
    """
    if json_ and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run to count only.")
    chosen = [desk.model(name).model for name in models] or None
    manager = desk.state.manager
    counts = dict(baseline(desk.session, manager, models=chosen, dry_run=True))
    total = sum(counts.values())
    if not json_:
        for table, count in counts.items():
            click.echo(f"{table}: {count_of(count, 'record')} without a version")
    write = bool(counts) and not dry_run
    if write:
        if total and not yes:
            click.confirm(f"Write {count_of(total, 'first version')}?", abort=True)
        with progress_bar(total, "Writing", hidden=json_) as tell:
            counts = dict(
                baseline(desk.session, manager, models=chosen, chunk=chunk, progress=tell)
            )
    if json_:
        echo_json({"written": write, "records": counts})
    else:
        click.echo("Done." if write else "Nothing has changed." if counts else "Nothing to do.")
