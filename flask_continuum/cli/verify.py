"""``flask history verify``."""

from __future__ import annotations

import click

from flask_continuum.cli.printing import as_json, echo_json, examples, plain
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.maintenance import verify


@click.command(
    "verify",
    short_help="Find what is wrong with the history.",
    epilog=examples("flask history verify", "flask history verify article comment --limit 10"),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True,
    help="Findings of each kind that are listed; all are counted.",
)  # fmt: skip
@as_json
@with_desk
def command(desk: Desk, models: tuple[str, ...], limit: int, json_: bool) -> None:
    """Compare the history with itself, with the live rows and with its transactions. Nothing is
    written.

    Exits with 1 when something was found.
    """
    chosen = [desk.model(name).model for name in models] or None
    report = verify(desk.session, desk.state.manager, models=chosen, limit=limit)
    if json_:
        echo_json(
            {
                "clean": report.is_clean,
                "tables": list(report.tables),
                "incomplete": list(report.incomplete),
                "counts": {kind.value: count for kind, count in report.counts.items()},
                "findings": [
                    {
                        "kind": each.kind.value,
                        "table": each.table,
                        "key": None if each.key is None else [plain(part) for part in each.key],
                        "transaction": None if each.transaction is None else str(each.transaction),
                        "words": each.words,
                    }
                    for each in report.findings
                ],
            }
        )
    else:
        click.echo(str(report))
    if not report.is_clean:
        raise click.exceptions.Exit(1)
