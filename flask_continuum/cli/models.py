"""``flask history models``."""

from __future__ import annotations

import click

from flask_continuum.cli.printing import as_json, echo_json, echo_table, instant
from flask_continuum.cli.subjects import Desk, transaction_facts, who, with_desk
from flask_continuum.engine.read.statistics import model_stats


@click.command("models", short_help="List the models that have a history.")
@as_json
@with_desk
def command(desk: Desk, json_: bool) -> None:
    """List the models that have a history, with the numbers of their records and changes.

    The first column is the name that other commands, and addresses of pages, call a model by.
    """
    found = [
        (desk.segment(desk.entry(each.model)), each)
        for each in model_stats(desk.session, desk.state.manager)
    ]
    if json_:
        echo_json(
            [
                {
                    "name": name,
                    "model": each.model.__name__,
                    "live": each.live,
                    "deleted": each.deleted,
                    "changes": each.changes,
                    "last": None if each.last is None else transaction_facts(each.last),
                }
                for name, each in found
            ]
        )
        return
    if not found:
        click.echo("No model has a history. Mark one with __versioned__ = {}.")
        return
    echo_table(
        ("name", "model", "records", "deleted", "changes", "last change"),
        [
            (
                name,
                each.model.__name__,
                f"{each.live:,}",
                f"{each.deleted:,}",
                f"{each.changes:,}",
                ""
                if each.last is None
                else f"#{each.last.id} {instant(each.last.issued_at)} {who(each.last)}",
            )
            for name, each in found
        ],
    )
