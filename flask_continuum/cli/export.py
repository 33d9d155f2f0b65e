"""``flask history export``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from flask_continuum.cli.keeping import Keeper, after, keep
from flask_continuum.cli.printing import examples
from flask_continuum.cli.subjects import Desk, reveal, with_desk
from flask_continuum.exporting import FORMS, export, export_to_git
from flask_continuum.presenters.labels import count_of


@click.command(
    "export",
    short_help="Write the history as CSV, as lines of JSON or as a git repository.",
    epilog=examples(
        "flask history export --format csv -o changes.csv",
        "flask history export article --keep sent.cursor >> changes.jsonl",
        "flask history export --format git -o newsroom.git",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--format", "form", type=click.Choice([*FORMS, "git"]), default="jsonl", show_default=True,
    help="What to write.",
)  # fmt: skip
@click.option(
    "-o", "--output", metavar="PATH", type=click.Path(path_type=Path),
    help="The file, or the bare repository of git; else what is written is printed.",
)  # fmt: skip
@after
@keep
@reveal
@with_desk
def command(
    desk: Desk,
    models: tuple[str, ...],
    form: str,
    output: Path | None,
    after: str | None,
    keep: Path | None,
) -> None:
    """Write every change, of all models or of some, oldest first: as CSV a line for each field, as
    JSON one for each change of a record. In a git repository a transaction is a commit and a record
    a file, and a second call goes on where the first one ended.

    What goes on from a cursor is added to the file.
    """
    chosen = [desk.model(name).model for name in models] or None
    manager = desk.state.manager
    if form == "git":
        if output is None or after or keep:
            raise click.UsageError("git needs -o REPOSITORY, and keeps the cursor there by itself.")
        made = export_to_git(desk.session, output, manager, models=chosen, reveal=desk.reveal)
        click.echo(f"{count_of(made, 'new commit')} in {output}.", err=True)
        return
    keeper = Keeper(keep)
    begin = keeper.begin(after)
    to: io.TextIOWrapper
    if output is None:
        to = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    else:
        to = output.open("w" if begin is None else "a", encoding="utf-8", newline="")
    try:
        end = export(
            desk.session, to, manager, form=form, after=begin, models=chosen, reveal=desk.reveal
        )
        to.flush()
    finally:
        if output is None:
            to.detach()
        else:
            to.close()
    if end is None:
        return
    keeper.store(end)
    if keep is None:
        click.echo(f"To go on later: --after {end}", err=True)
