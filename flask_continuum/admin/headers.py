"""The headers every response of the history carries."""

from __future__ import annotations

from flask import Response

STATIC_MAX_AGE = 3600
"""Seconds that a browser may keep the stylesheet without asking again."""


def protect(response: Response, *, csp: str | None, static: bool) -> Response:
    """Add the protective headers to ``response``; what a view has set itself stays.

    Pages hold private data and must not outlive a logout in any cache; the stylesheet may.

    :param csp: the ``Content-Security-Policy``, or ``None`` to send none.
    :param static: the response is a file from the static folder.
    """
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if csp is not None:
        headers.setdefault("Content-Security-Policy", csp)
    if static:
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = STATIC_MAX_AGE
    else:
        headers["Cache-Control"] = "private, no-store"
        response.vary.add("Accept")
    return response
