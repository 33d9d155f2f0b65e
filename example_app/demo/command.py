"""``flask --app example_app fill-demo``: the demo data, for databases that are no SQLite file."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from example_app.demo.play import fill
from example_app.extensions import db
from example_app.models import User


@click.command("fill-demo")
@with_appcontext
def fill_demo() -> None:
    """Fill an empty database with the demo data.

    SQLite files are filled at the first start; this is for the others.
    """
    if db.session.scalar(sa.select(sa.func.count()).select_from(User)):
        raise click.ClickException("There are people in this database already: nothing was added.")
    click.echo(f"Wrote {fill()} transactions.")
