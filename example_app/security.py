"""The newsroom's own protection: a token in every form, and headers on every answer."""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, Response, abort, request, session

FIELD = "csrf_token"
SESSION_KEY = "newsroom_csrf"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def csrf_token() -> str:
    """Return the token that forms of this visitor carry, made at the first form."""
    if SESSION_KEY not in session:
        session[SESSION_KEY] = secrets.token_urlsafe(24)
    return str(session[SESSION_KEY])


def require_csrf_token() -> None:
    """Refuse a request that changes something unless its form came from a page of ours."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    expected = session.get(SESSION_KEY, "")
    given = request.form.get(FIELD, "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        abort(400, "This form is out of date. Go back, reload the page, and send it again.")


def set_headers(response: Response) -> Response:
    """Add the headers that a response does not set itself (the history pages set their own)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def protect(app: Flask) -> None:
    """Give templates the token and every answer the headers.

    Blueprints with forms ask for the token themselves: ``before_request(require_csrf_token)``.
    The history pages bring their own protection.
    """
    app.add_template_global(csrf_token)
    app.after_request(set_headers)
