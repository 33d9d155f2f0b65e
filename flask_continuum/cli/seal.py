"""``flask history seal``."""

from __future__ import annotations

import click

from flask_continuum.cli.printing import as_json, echo_json, examples
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.maintenance import seal


@click.command(
    "seal",
    short_help="Seal what has been committed.",
    epilog=examples("flask history seal", "flask history seal --json >> /elsewhere/seals"),
)
@click.option(
    "--chunk", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Transactions at a time; each chunk is committed.",
)  # fmt: skip
@as_json
@with_desk
def command(desk: Desk, chunk: int, json_: bool) -> None:
    """Seal the transactions that have no seal yet, so that verify --seals can tell whether they
    were changed, and print the last link of the chain. What is interrupted goes on where it was.
    """
    counts = [0]
    key = desk.state.settings.seal_key
    links = seal(desk.session, desk.state.manager, key=key, chunk=chunk, progress=counts.append)
    if json_:
        echo_json({"sealed": counts[-1], "keyed": key is not None, "links": list(links)})
        return
    click.echo(f"{counts[-1]} sealed." if counts[-1] else "Nothing to do.")
    for link in links:
        click.echo(link)
