"""The plugin that names a request's user and address, for ``make_versioned`` in Flask.

``Continuum`` knows both by itself, and more; it needs this plugin only for factories of your own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import has_request_context, request
from sqlalchemy.orm import Session

from flask_continuum import actor
from flask_continuum.engine.plugins.base import Plugin


def fetch_current_user_id() -> Any:
    """Return the primary key of flask-login's user, or ``None``; without SQL for a loaded user."""
    user = actor.current_user()
    if user is None or sa.inspect(type(user), raiseerr=False) is None:
        return getattr(user, "id", None)
    return actor.describe(user, type(user)).user_id


def fetch_remote_addr() -> str | None:
    """Return the address that the request came from, or ``None`` outside a request."""
    return request.remote_addr if has_request_context() else None


class FlaskPlugin(Plugin):
    """Fills ``user_id`` and ``remote_addr`` of transactions.

    :param current_user_id_factory: tells the acting user's primary key;
        :func:`fetch_current_user_id` by default.
    :param remote_addr_factory: tells the address; :func:`fetch_remote_addr` by default.
    """

    def __init__(
        self,
        current_user_id_factory: Callable[[], Any] | None = None,
        remote_addr_factory: Callable[[], str | None] | None = None,
    ) -> None:
        self.current_user_id_factory = current_user_id_factory or fetch_current_user_id
        self.remote_addr_factory = remote_addr_factory or fetch_remote_addr

    def transaction_args(self, uow: Any, session: Session) -> dict[str, Any]:
        """Return who acts and from where."""
        return {
            "user_id": self.current_user_id_factory(),
            "remote_addr": self.remote_addr_factory(),
        }
