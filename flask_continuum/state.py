"""What the extension keeps for each application, and how to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flask import Flask, current_app, has_app_context

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.languages import Languages
from flask_continuum.policy import Policy
from flask_continuum.presenters.words import ENGLISH, Language, speaking
from flask_continuum.settings import Settings

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

    from flask_continuum.engine.manager import VersioningManager

P = ParamSpec("P")
R = TypeVar("R")

EXTENSION = "continuum"
"""The key in ``app.extensions``."""


@dataclass(frozen=True, slots=True)
class State:
    """One application's history.

    :ivar continuum: the extension that was initialised on the application.
    :ivar manager: the engine that versions the models of :attr:`db`.
    :ivar db: the application's database.
    :ivar settings: what its configuration says.
    :ivar policy: decides who may do what.
    :ivar languages: those that its pages can be shown in.
    :ivar current_user: returns the current user, ``None`` when nobody is logged in; it may load
        them, so it is for views and templates, not for events of a flush.
    :ivar actor: the application's own way to tell who acts, in place of flask-login.
    """

    continuum: Any
    manager: VersioningManager
    db: SQLAlchemy
    settings: Settings
    policy: Policy
    languages: Languages
    current_user: Callable[[], Any]
    actor: Callable[[], Any] | None = None


def current_state() -> State:
    """Return the state of the current application.

    :raises ImproperlyConfigured: when it has none, or when there is no current application.
    """
    if not has_app_context():
        raise ImproperlyConfigured(
            "There is no current application, so there is no history to find. Do this in a "
            "request, in a command, or inside 'with app.app_context():'."
        )
    return state_of(current_app)


def find_state() -> State | None:
    """Return the state of the current application, ``None`` where there is none."""
    if not has_app_context():
        return None
    state: State | None = current_app.extensions.get(EXTENSION)
    return state


def state_of(app: Flask) -> State:
    """Return the state of an application.

    :raises ImproperlyConfigured: when the extension was not initialised on it.
    """
    state: State | None = app.extensions.get(EXTENSION)
    if state is None:
        raise ImproperlyConfigured(
            f"The application {app.name!r} keeps no history. Create Continuum(app, db), or call "
            f"continuum.init_app(app) in its factory, after db.init_app(app)."
        )
    return state


def current_language() -> Language:
    """Return the language of whoever reads; English where there is no history."""
    state = find_state()
    return ENGLISH if state is None else state.languages.current()


def spoken_to_reader(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function in the language of whoever reads what it makes."""

    @wraps(function)
    def speak(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking(current_language()):
            return function(*args, **kwargs)

    return speak
