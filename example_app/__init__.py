"""A small newsroom to play with: ``flask --app example_app run``, then open the address it prints.

What makes an application's data have a history is in four places: ``__versioned__`` in
``models.py``, ``Continuum(db=db, policy=…)`` in ``extensions.py``, ``CONTINUUM_ADMIN_USER``
below, and one line in ``migrations/env.py``. Everything else is an ordinary Flask application.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from example_app import access, filters, languages, security, storage
from example_app.demo.command import fill_demo
from example_app.desk import desk
from example_app.extensions import continuum, db, login_manager, migrate
from example_app.git_import.command import import_git
from example_app.pages import pages
from example_app.people import people
from example_app.policy import may_see_history


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the newsroom, ready to serve.

    The first start makes an SQLite file with demo data in the instance folder. Settings come from
    ``config``, then from variables that start with ``NEWSROOM_``
    (``NEWSROOM_SQLALCHEMY_DATABASE_URI``, ``NEWSROOM_SECRET_KEY``, …).

    :param config: overrides, for tests; ``DEMO_DATA=False`` leaves the tables empty
    :returns: the application
    """
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=storage.default_address(app.instance_path),
        SESSION_COOKIE_SAMESITE="Lax",
        DEMO_DATA=True,
        CONTINUUM_ADMIN_USER=may_see_history,
        CONTINUUM_TITLE="Newsroom history",
        CONTINUUM_ACCESS_LOG=True,
    )
    app.config.from_prefixed_env("NEWSROOM")
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or storage.secret_key(app.instance_path)

    if app.config["DEMO_DATA"]:
        # Before the engines exist: the filled file is moved to its place as a whole.
        address = app.config["SQLALCHEMY_DATABASE_URI"]
        storage.make_demo_file(address, app.instance_path, create_app)
    db.init_app(app)
    login_manager.init_app(app)
    continuum.init_app(app)
    migrate.init_app(app)

    app.register_blueprint(pages)
    app.register_blueprint(desk)
    app.register_blueprint(people)
    app.cli.add_command(import_git)
    app.cli.add_command(fill_demo)
    security.protect(app)
    filters.register(app)
    languages.register(app)
    app.add_template_global(access.may_write)
    app.add_template_global(access.is_chief)
    app.register_error_handler(HTTPException, show_error)

    with app.app_context():
        storage.prepare(db)
    return app


def show_error(error: HTTPException) -> tuple[str, int]:
    """Say what went wrong on a page of the newsroom's own."""
    return render_template("newsroom/error.html", error=error), error.code or 500


login_manager.login_view = "people.login"
login_manager.login_message = "Choose who you are to go on."
