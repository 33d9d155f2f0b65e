"""Proof that a POST comes from a page of ours: a token, and where the browser says it comes from.

Where the host application has Flask-WTF's ``CSRFProtect``, its tokens are used; else a signed
token of ours, tied to the session by a nonce, good for four hours.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Request, current_app, g, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import BadRequest, Forbidden

from flask_continuum.presenters.words import _

SESSION_KEY = "_continuum_nonce"
FIELD_NAME = "continuum_token"
MAX_AGE = 4 * 60 * 60
_SALT = "continuum-csrf"
_FAILED_EARLY = "_continuum_csrf_failed"


class ExpiredForm(Exception):
    """The token is missing, too old or of another session: show the filled form once more."""


class HostProtection(Protocol):
    """What is used of Flask-WTF's ``CSRFProtect``."""

    def protect(self) -> None:
        """Check the token of the running request; a ``BadRequest`` says what is wrong."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a form carries in a hidden input."""

    name: str
    value: str


def make_token() -> Token:
    """The token for a form on the page being rendered.

    :raises RuntimeError: when the application has no ``SECRET_KEY``.
    """
    if _host_protection() is not None:
        from flask_wtf.csrf import generate_csrf

        return Token(current_app.config["WTF_CSRF_FIELD_NAME"], generate_csrf())
    serializer = _serializer()
    if not isinstance(session.get(SESSION_KEY), str):
        session[SESSION_KEY] = secrets.token_urlsafe(16)
    return Token(FIELD_NAME, serializer.dumps(session[SESSION_KEY]))


def check() -> None:
    """Let the running POST pass only when it comes from a form of ours.

    :raises Forbidden: when the browser says that another site sent it, or does not say on HTTPS.
    :raises ExpiredForm: when only the token is not good (any more).
    """
    check_origin(request)
    if g.pop(_FAILED_EARLY, False):
        raise ExpiredForm
    host = _host_protection()
    if host is None:
        _check_own_token()
        return
    try:
        # Also when the host has checked already: it may have exempted this blueprint.
        host.protect()
    except BadRequest as error:
        raise ExpiredForm from error


def note_refusal(error: Exception) -> bool:
    """Make :func:`check` fail in this request when ``error`` is the host's, about the token.

    The host checks before our views run, which alone can show the filled form again.

    :returns: whether it is such an error.
    """
    if type(error).__module__ != "flask_wtf.csrf":
        return False
    g.setdefault(_FAILED_EARLY, True)
    return True


def check_origin(sent: Request) -> None:
    """Refuse what another site sent, by what the browser says about where it comes from.

    :raises Forbidden: see above.
    """
    headers = sent.headers
    origin = headers.get("Origin")
    if origin is not None and origin.strip().lower() == "null":
        raise Forbidden(_("The browser hides where this form comes from (Origin: null)."))
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden(_("This form was sent from another site."))
        return
    source = origin if origin is not None else headers.get("Referer")
    if source is None:
        if sent.is_secure:
            raise Forbidden(_("The browser does not say where this form comes from."))
        return
    if not _is_of(source, sent):
        raise Forbidden(_("This form was sent from another site."))


def _is_of(address: str, sent: Request) -> bool:
    """Is the address one of the site that ``sent`` went to?

    Behind a proxy the application may believe that it is reached by HTTP: only where it knows of
    HTTPS is a page that came unprotected, and may be anybody's, told from its own.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # an address that is none, such as "http://[": surely not ours
        return False
    if sent.is_secure and parts.scheme != "https":
        return False
    return parts.netloc.lower() == sent.host.lower()


def _host_protection() -> HostProtection | None:
    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return None
    found: HostProtection | None = current_app.extensions.get("csrf")
    return found


def _check_own_token() -> None:
    token = request.form.get(FIELD_NAME, "")
    expected = session.get(SESSION_KEY)
    try:
        nonce: Any = _serializer().loads(token, max_age=MAX_AGE)
    except BadSignature as error:
        raise ExpiredForm from error
    if not isinstance(nonce, str) or not isinstance(expected, str):
        raise ExpiredForm
    if not hmac.compare_digest(nonce.encode(), expected.encode()):
        raise ExpiredForm


def _serializer() -> URLSafeTimedSerializer:
    key = current_app.secret_key
    if not key:
        raise RuntimeError(
            "The history's forms are signed with the application's SECRET_KEY, which is not set. "
            "Set app.config['SECRET_KEY'] to a long random text."
        )
    fallbacks = current_app.config.get("SECRET_KEY_FALLBACKS") or []
    keys: list[Any] = [*fallbacks, key]  # each is text or bytes
    return URLSafeTimedSerializer(keys, salt=_SALT)
