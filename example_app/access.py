"""Who may do what in the newsroom itself, as decorators for views and tests for templates."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from example_app.models import Role, User

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def person() -> User:
    """Return who is logged in; for views that nobody else reaches."""
    return cast(User, current_user._get_current_object())


def may_write() -> bool:
    """Return whether the visitor may write, change and delete articles."""
    return bool(current_user.is_authenticated and current_user.role.writes)


def is_chief() -> bool:
    """Return whether the visitor is the chief, who names sections and brings things back."""
    return bool(current_user.is_authenticated and current_user.role is Role.CHIEF)


def people_only(view: View[P]) -> View[P]:
    """Open a view to everybody who is logged in; a stranger gets the log-in page."""
    return cast(View[P], login_required(view))


def writers_only(view: View[P]) -> View[P]:
    """Open a view to editors and the chief; a reader gets 403, a stranger the log-in page."""
    return _open_to(may_write, view)


def chief_only(view: View[P]) -> View[P]:
    """Open a view to the chief; others get 403, a stranger the log-in page."""
    return _open_to(is_chief, view)


def _open_to(allowed: Callable[[], bool], view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not allowed():
            abort(403)
        return view(*args, **kwargs)

    return people_only(guarded)
