"""The history admin: server-rendered pages under one blueprint."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException

from flask_continuum.access_log import note_page
from flask_continuum.admin import headers
from flask_continuum.admin.errors import show_data_error, show_http_error
from flask_continuum.admin.folders import find_folders
from flask_continuum.admin.replica import close_replica
from flask_continuum.admin.schema import explain_database_error
from flask_continuum.admin.views.access_log import access_log
from flask_continuum.admin.views.activity import activity
from flask_continuum.admin.views.compare import compare
from flask_continuum.admin.views.fields import field, fields
from flask_continuum.admin.views.missing import missing
from flask_continuum.admin.views.model import model
from flask_continuum.admin.views.models import models
from flask_continuum.admin.views.overview import overview
from flask_continuum.admin.views.people import people, person
from flask_continuum.admin.views.revert import revert
from flask_continuum.admin.views.timeline import timeline
from flask_continuum.admin.views.transaction import transaction
from flask_continuum.admin.views.undo import undo
from flask_continuum.admin.views.version import version
from flask_continuum.settings import Settings
from flask_continuum.state import current_state

NAME = "continuum"
_RECORD = "/records/<model>/<key>"
_EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_blueprint(settings: Settings) -> Blueprint:
    """The blueprint with all pages, to be registered under ``settings.url_prefix``."""
    folders = find_folders()
    blueprint = Blueprint(
        NAME,
        __name__,
        template_folder=str(folders.templates),
        static_folder=str(folders.static),
        static_url_path="/static",
    )
    rule = blueprint.add_url_rule
    rule("/", "overview", overview)
    rule("/changes", "activity", activity)
    rule("/users", "people", people)
    rule("/users/<user>", "person", person)
    rule("/records", "models", models)
    rule("/records/<model>", "model", model)
    rule(_RECORD, "timeline", timeline)
    rule(f"{_RECORD}/compare", "compare", compare)
    rule(f"{_RECORD}/fields", "fields", fields)
    rule(f"{_RECORD}/fields/<field>", "field", field)
    rule(f"{_RECORD}/<int:transaction>", "version", version)
    rule(f"{_RECORD}/<int:transaction>/revert", "revert", revert, methods=("GET", "POST"))
    rule("/transactions/<uid>", "transaction", transaction)
    rule("/transactions/<uid>/undo", "undo", undo, methods=("GET", "POST"))
    if settings.access_log:
        rule("/access", "access_log", access_log)
    # Everything else below the prefix is answered here, so that it is protected like the rest.
    rule("/<path:rest>", "missing", missing, methods=_EVERY_METHOD)
    rule("/", "missing", missing, methods=_EVERY_METHOD[1:], defaults={"rest": ""})
    blueprint.register_error_handler(HTTPException, show_http_error)
    blueprint.register_error_handler(DataError, show_data_error)
    # A missing table is an operational error or one of programming, as the database sees it.
    for kind in (OperationalError, ProgrammingError):
        blueprint.register_error_handler(kind, explain_database_error)
    blueprint.after_request(partial(_protect, settings))
    if settings.read_bind is not None:
        blueprint.teardown_request(close_replica)
    return blueprint


def _protect(settings: Settings, response: Response) -> Response:
    static = request.endpoint == f"{NAME}.static"
    if settings.access_log and not static:
        note_page(current_state(), response.status_code)
    return headers.protect(response, csp=settings.csp, static=static)
