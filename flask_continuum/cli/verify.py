"""``flask history verify``."""

from __future__ import annotations

from typing import Any

import click

from flask_continuum.cli.printing import as_json, echo_json, examples, plain, progress_bar
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.maintenance import FindingKind, Report, repair, verify
from flask_continuum.presenters.labels import count_of


@click.command(
    "verify",
    short_help="Find what is wrong with the history, and mend it.",
    epilog=examples(
        "flask history verify",
        "flask history verify article comment --limit 10",
        "flask history verify --repair --yes",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True,
    help="Findings of each kind that are listed; all are counted.",
)  # fmt: skip
@click.option("--repair", "mend", is_flag=True, help="Mend what is found.")
@click.option("--seals", is_flag=True, help="Compare the history with its seals, too.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@as_json
@with_desk
def command(
    desk: Desk,
    models: tuple[str, ...],
    limit: int,
    mend: bool,
    seals: bool,
    yes: bool,
    json_: bool,
) -> None:
    """Compare the history with itself, with the live rows and with its transactions. Nothing is
    written, unless --repair is given: then what nobody has recorded is written down as having
    happened outside the application, and chains, links and transactions are mended. Live rows stay
    as they are.

    Exits with 1 when something was found, or is left after a repair.
    """
    if mend and json_ and not yes:
        raise click.UsageError("--json asks nothing: add --yes.")
    chosen = [desk.model(name).model for name in models] or None
    manager = desk.state.manager
    if seals and mend:
        raise click.UsageError("What was sealed cannot be mended: --seals goes without --repair.")
    key = desk.state.settings.seal_key
    report = verify(desk.session, manager, models=chosen, limit=limit, seals=seals, key=key)
    mended: dict[FindingKind, int] = {}
    if not json_:
        click.echo(str(report))
    if mend and not report.is_clean:
        if not yes:
            click.confirm(f"Mend {count_of(report.total, 'finding')}?", abort=True)
        with progress_bar(report.total, "Mending", hidden=json_) as tell:
            done = repair(desk.session, manager, models=chosen, limit=limit, progress=tell)
        report, mended = done.report, dict(done.mended)
        if not json_:
            click.echo(str(done))
    if json_:
        found = _as_json(report)
        if mend:
            found["mended"] = {kind.value: count for kind, count in mended.items()}
        echo_json(found)
    if not report.is_clean:
        raise click.exceptions.Exit(1)


def _as_json(report: Report) -> dict[str, Any]:
    return {
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
