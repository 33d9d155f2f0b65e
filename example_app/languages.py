"""The history in the language of the browser, where Flask-Babel is there."""

from __future__ import annotations

from importlib.util import find_spec

from flask import Flask, request

LANGUAGES = ("en", "de")


def register(app: Flask) -> None:
    """Tell Flask-Babel, which the history follows, what the browser prefers."""
    if find_spec("flask_babel") is None:
        return
    from flask_babel import Babel

    Babel(app, locale_selector=preferred)


def preferred() -> str:
    """The first of our languages that the browser asks for."""
    return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
