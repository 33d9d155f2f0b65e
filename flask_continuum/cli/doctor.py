"""``flask history doctor``."""

from __future__ import annotations

from typing import Any

import click

from flask_continuum.cli.printing import as_json, echo_json
from flask_continuum.cli.subjects import Desk, with_desk
from flask_continuum.engine.maintenance import Diagnosis, Severity, doctor

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "blue"}


@click.command("doctor", short_help="Find what could make history be missed.")
@as_json
@with_desk
def command(desk: Desk, json_: bool) -> None:
    """Look for everything that could make history be missed: tables and columns that are not there,
    classes that nobody versions, cascades that nothing captures, and more.

    Exits with 1 when there is more than advice, so that a build can depend on it.
    """
    base: Any = desk.state.db.Model
    diagnosis = doctor(desk.session, desk.state.manager, registries=[base.registry])
    if json_:
        echo_json(
            {
                "healthy": diagnosis.is_healthy,
                "tables": list(diagnosis.tables),
                "symptoms": [
                    {
                        "kind": each.kind.value,
                        "severity": each.kind.severity.value,
                        "subject": each.subject,
                        "words": each.words,
                    }
                    for each in diagnosis.symptoms
                ],
            }
        )
    else:
        _echo(diagnosis)
    if not diagnosis.is_healthy:
        raise click.exceptions.Exit(1)


def _echo(diagnosis: Diagnosis) -> None:
    for each in diagnosis.symptoms:
        severity = each.kind.severity
        click.secho(f"{severity.value:<8}", fg=_COLOURS[severity], bold=True, nl=False)
        click.secho(each.subject, bold=True)
        click.echo(click.wrap_text(each.words, initial_indent=" " * 8, subsequent_indent=" " * 8))
    verdict = "nothing wrong" if diagnosis.is_healthy else "see above"
    click.echo(f"{diagnosis.looked_at}, {verdict}.")
