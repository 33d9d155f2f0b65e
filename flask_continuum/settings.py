"""What an application may set: the ``CONTINUUM_*`` keys of its configuration, checked once."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.maintenance.sealing.digests import LEAST_KEY
from flask_continuum.engine.options import Options
from flask_continuum.presenters.words import N_

PREFIX = "CONTINUUM_"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the history behaves in one application.

    Every field is set by the key of its name in capitals, with ``CONTINUUM_`` in front. What
    shapes tables is no setting: it belongs to the database and is given to ``Continuum``.

    :ivar admin: whether the history pages are served; the engine works without them.
    :ivar admin_user: called with the logged-in user; true for those who may use the history.
    :ivar url_prefix: the address below which the pages are.
    :ivar title: the name of the pages, beside their sign.
    :ivar csp: the ``Content-Security-Policy`` sent with each page; ``None`` sends none.
    :ivar page_size: how many rows a page lists.
    :ivar timezone: the name of the time zone that dates are shown in.
    :ivar user_timezone: called with the current user (or ``None``); the name of their time zone,
        or ``None`` for the one above.
    :ivar translations: a folder of the application with catalogues (``de.po``) of its own, whose
        texts go before ours.
    :ivar access_log: whether it is noted who looked at which history page.
    :ivar read_bind: the key in ``SQLALCHEMY_BINDS`` of a replica of the default database, which the
        pages read from; plans, and what they do, read from the database itself.
    :ivar write: when versions are written: at ``"commit"``, or already at each ``"flush"``.
    :ivar diff_budget_ms: how long a page may look for the finest differences, in milliseconds.
    :ivar seal_key: the secret that seals of the history are made with.
    """

    admin: bool = True
    admin_user: Callable[[Any], bool] | None = None
    url_prefix: str = "/history"
    title: str = N_("History")
    csp: str | None = CONTENT_SECURITY_POLICY
    page_size: int = 50
    timezone: str = "UTC"
    user_timezone: Callable[[Any], str | None] | None = None
    translations: str | None = None
    access_log: bool = False
    read_bind: str | None = None
    write: str = "commit"
    diff_budget_ms: int = 250
    seal_key: str | None = field(default=None, repr=False)

    def zone_for(self, user: Any) -> tzinfo:
        """Return the time zone that dates are shown in to ``user``.

        A name that is no time zone counts as none: it comes from the data of a user.

        :param user: the current user, ``None`` when nobody is logged in.
        """
        if self.user_timezone is not None:
            name = self.user_timezone(user)
            if name and _is_zone(name):
                return _zone_named(name)
        return _zone_named(self.timezone)


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Return the settings that a configuration holds, defaults where it is silent.

    :param config: an application's configuration; keys that do not begin with ``CONTINUUM_`` are
        somebody else's.
    :raises ImproperlyConfigured: naming every key that is unknown or whose value does not fit.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for key in sorted(k for k in config if k.startswith(PREFIX)):
        name = key.removeprefix(PREFIX).lower()
        check = _CHECKS.get(name)
        if check is None or key != key.upper():
            wrong.append(_unknown(key))
            continue
        value = config[key]
        expected = check(value)
        if expected is None:
            values[name] = value
        else:
            said = "" if name in _SECRETS else f", not {value!r}"
            wrong.append(f"{key} is {expected}{said}.")
    if wrong:
        raise ImproperlyConfigured("\n".join(wrong))
    return Settings(**values)


def keys() -> tuple[str, ...]:
    """Return the name of every key, in the order of the settings."""
    return tuple(PREFIX + each.name.upper() for each in dataclasses.fields(Settings))


def _unknown(key: str) -> str:
    name = key.removeprefix(PREFIX).lower()
    if name in {each.name for each in dataclasses.fields(Options)}:
        return (
            f"{key} is no setting: it shapes tables, so it belongs to the database. "
            f"Give it to Continuum: Continuum(app, db, options={{{name!r}: ...}})."
        )
    # the prefix, which all share, would make everything look near
    near = difflib.get_close_matches(name, _CHECKS, n=1)
    hint = f" Did you mean {PREFIX + near[0].upper()!r}?" if near else ""
    return f"{key} is no setting of flask_continuum.{hint}"


# Each check returns None when the value fits, or else what the setting takes, in words.


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "a text"


def _optional_folder(value: Any) -> str | None:
    return None if value is None else _text(value) and "the name of a folder, or None"


def _optional_bind(value: Any) -> str | None:
    return None if value is None else _text(value) and "a key in SQLALCHEMY_BINDS, or None"


def _optional_header(value: Any) -> str | None:
    fits = value is None or (isinstance(value, str) and value and not re.search(r"[\r\n]", value))
    return None if fits else "a policy in one line, or None to send none"


def _optional_function(value: Any) -> str | None:
    return None if value is None or callable(value) else "a function of the current user, or None"


def _prefix(value: Any) -> str | None:
    fits = isinstance(value, str) and re.fullmatch(r"(/[^/<>?#\s]+)+", value)
    return None if fits else 'an address such as "/history", which starts but does not end with "/"'


def _count(most: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
        return None if fits else f"a number from 1 to {most}"

    return check


def _zone(value: Any) -> str | None:
    fits = isinstance(value, str) and _is_zone(value)
    return None if fits else 'the name of a time zone, such as "Europe/Prague"'


def _zone_named(name: str) -> tzinfo:
    # a machine without a time zone database still knows this one
    return UTC if name == "UTC" else ZoneInfo(name)


def _is_zone(name: str) -> bool:
    try:
        _zone_named(name)
    except (LookupError, ValueError, OSError):  # no such file, no such path, a folder
        return False
    return True


def _write(value: Any) -> str | None:
    return None if value in ("commit", "flush") else '"commit" or "flush"'


def _optional_key(value: Any) -> str | None:
    fits = value is None or (isinstance(value, str) and len(value.encode()) >= LEAST_KEY)
    return None if fits else f"a secret text of at least {LEAST_KEY} bytes, or None"


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "admin": _flag,
    "admin_user": _optional_function,
    "url_prefix": _prefix,
    "title": _text,
    "csp": _optional_header,
    "page_size": _count(500),
    "timezone": _zone,
    "user_timezone": _optional_function,
    "translations": _optional_folder,
    "access_log": _flag,
    "read_bind": _optional_bind,
    "write": _write,
    "diff_budget_ms": _count(10_000),
    "seal_key": _optional_key,
}
_SECRETS = frozenset({"seal_key"})
"""Settings whose values are in no message."""
