"""The way into every page: who may enter at all is settled before anything is looked up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized, abort

from flask_continuum import access_log
from flask_continuum.admin import csrf
from flask_continuum.admin.errors import LoginNeeded, NoAccess
from flask_continuum.admin.rendering import wants_json
from flask_continuum.admin.replica import reading_session
from flask_continuum.admin.visit import Visit, open_visit
from flask_continuum.policy import DefaultPolicy
from flask_continuum.state import State, current_state, spoken_to_reader

View = Callable[..., ResponseReturnValue]

NOBODY_LOGS_IN = (
    "Nobody is ever logged in here: the application has no flask-login. Set it up, or give "
    "Continuum actor=, a function that returns the current user."
)
"""For the developer."""


def page(view: View) -> View:
    """Make a view function of a page that reads: it gets the visit of someone who may enter.

    A POST from another site is refused here; the token of its form is the view's to check, for
    only the view can show the filled form again.
    """
    return _entered(view, reading_session)


def plan_page(view: View) -> View:
    """Make a view function of a page that shows what it would change, and changes it."""
    return _entered(view, lambda state: state.db.session())


def _entered(view: View, session_of: Callable[[State], Session]) -> View:
    @wraps(view)
    @spoken_to_reader
    def enter(**values: Any) -> ResponseReturnValue:
        state = current_state()
        visit = open_visit(state, session_of(state))
        require_entry(visit)
        access_log.note_entered()
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            csrf.check_origin(request)
        return view(visit, **values)

    return enter


def require_entry(visit: Visit) -> None:
    """Let pass who may see the history; send others to the login page, or away.

    :raises HTTPException: 401, 403, or whatever the application's login manager answers.
    """
    decision = visit.access.enters()
    if decision.allowed:
        return
    if visit.access.user is not None:
        raise NoAccess(decision.reason)
    login = getattr(current_app, "login_manager", None)
    if login is None and visit.state.actor is None and not _is_unset(visit):
        raise LoginNeeded(NOBODY_LOGS_IN)
    if login is None or wants_json() or (current_app.debug and _is_unset(visit)):
        raise LoginNeeded(decision.reason)
    try:
        answer = login.unauthorized()
    except Unauthorized as error:  # there is no login page to go to
        raise LoginNeeded(decision.reason) from error
    abort(make_response(answer))


def _is_unset(visit: Visit) -> bool:
    """True while nobody at all may enter: logging in would not help the developer."""
    policy = visit.access.policy
    return isinstance(policy, DefaultPolicy) and policy.admin_user is None
