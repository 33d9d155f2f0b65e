"""``flask --app example_app fill-demo``: the demo data, for databases that are no SQLite file."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from example_app.demo.play import fill, fill_people
from example_app.extensions import db
from example_app.models import User


@click.command("fill-demo")
@click.option("--people-only", is_flag=True, help="Only those who can log in, without articles.")
@with_appcontext
def fill_demo(people_only: bool) -> None:
    """Fill a database with the demo data.

    SQLite files are filled at the first start; this is for the others, and for those that were
    started with NEWSROOM_DEMO_DATA=false.
    """
    if db.session.scalar(sa.select(sa.func.count()).where(User.can_log_in)):
        raise click.ClickException(
            "The people of the demo are in this database already: nothing was added."
        )
    if people_only:
        fill_people()
        click.echo("The people of the demo can log in now.")
    else:
        click.echo(f"Wrote {fill()} transactions.")
