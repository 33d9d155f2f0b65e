"""``flask history feed``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flask_continuum.cli.keeping import Keeper, after, keep
from flask_continuum.cli.printing import examples
from flask_continuum.cli.subjects import Desk, reveal, with_desk
from flask_continuum.engine.feeds import deliver
from flask_continuum.engine.read.change_feed import FeedItem
from flask_continuum.exporting import as_message
from flask_continuum.presenters.exports import json_line


@click.command(
    "feed",
    short_help="Print what is committed, oldest first, as lines of JSON.",
    epilog=examples(
        "flask history feed article --follow",
        "flask history feed --keep sent.cursor | ./send",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--follow", is_flag=True, help="Go on for ever.")
@click.option(
    "--every", type=click.FloatRange(min=0.01), default=1.0, show_default=True,
    help="Seconds between two looks, with --follow.",
)  # fmt: skip
@after
@keep
@reveal
@with_desk
def command(
    desk: Desk,
    models: tuple[str, ...],
    follow: bool,
    every: float,
    after: str | None,
    keep: Path | None,
) -> None:
    """Print each transaction with its changes, of all models or of some, in an order in which none
    is ever missed. Each line has a cursor, which --after goes on from.

    Nothing is missed; after a crash, lines may be printed again whose cursor was not kept yet.
    """
    chosen = [desk.model(name).model for name in models] or None
    out = sys.stdout.buffer  # lines of JSON are UTF-8, whatever the terminal speaks
    keeper = Keeper(keep)

    def echo(item: FeedItem) -> None:
        out.write(json_line(as_message(item, reveal=desk.reveal)).encode())
        if follow:
            out.flush()

    def store(cursor: str) -> None:
        out.flush()  # what is not printed yet must not count
        keeper.store(cursor)

    deliver(
        desk.session,
        echo,
        desk.state.manager,
        after=keeper.begin(after),
        keep=store,
        models=chosen,
        every=every if follow else None,
    )
