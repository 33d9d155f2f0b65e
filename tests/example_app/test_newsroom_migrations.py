"""The newsroom's tables come from its migrations and are what its models say."""

from __future__ import annotations

import flask_migrate
import sqlalchemy as sa

from example_app import create_app
from flask_continuum import doctor
from tests.support.databases import Database


def test_migrations_make_what_the_models_say_and_take_it_back(database: Database) -> None:
    address = database.url.render_as_string(hide_password=False)
    app = create_app({"SQLALCHEMY_DATABASE_URI": address, "DEMO_DATA": False})
    with app.app_context():
        db = app.extensions["sqlalchemy"]
        flask_migrate.check()
        diagnosis = doctor(db.session, app.extensions["continuum"].manager)
        assert not diagnosis.symptoms, str(diagnosis)
        db.session.remove()
        flask_migrate.downgrade(revision="base")
        assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]
        flask_migrate.upgrade()
        flask_migrate.check()
        db.engine.dispose()
