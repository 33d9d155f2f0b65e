"""Changes that were made past the application: who the database says it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .characters import visible
from .words import _

KIND = "outside"
"""The kind of transactions that triggers begin for what another program writes."""
LONGEST = 200
"""Characters of what the database tells; a client may call itself what it likes."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Where a change came from, as far as the database knows; empty texts are not known.

    :ivar db_user: the database user.
    :ivar application: what the client calls itself.
    :ivar client: its address.
    """

    db_user: str = ""
    application: str = ""
    client: str = ""

    @property
    def name(self) -> str:
        """Who it was, as the beginning of a sentence."""
        if not self.db_user:
            return _("A program outside the application")
        return _("Database user %(name)s", name=self.db_user)

    @property
    def origin(self) -> str:
        """The program and its address: ``psql, 10.0.0.7``."""
        return ", ".join(text for text in (self.application, self.client) if text)

    @property
    def short(self) -> str:
        """What stands beside the name."""
        if not self.origin:
            return _("Outside the application")
        return _("Outside the application: %(origin)s", origin=self.origin)

    @property
    def words(self) -> str:
        """All that is known, in a sentence: ``Outside the application, by …``."""
        origin = self.origin
        if self.db_user and origin:
            return _(
                "Outside the application, by the database user %(name)s (%(origin)s)",
                name=self.db_user,
                origin=origin,
            )
        if self.db_user:
            return _("Outside the application, by the database user %(name)s", name=self.db_user)
        return self.short


def outside_of(transaction: Any) -> Outside | None:
    """What the database tells of a transaction made past the application, ``None`` for others."""
    if transaction is None or transaction.kind != KIND:
        return None
    context = transaction.context
    known = context if isinstance(context, Mapping) else {}
    return Outside(*(_text(known.get(name)) for name in ("db_user", "application", "client")))


def _text(value: Any) -> str:
    return visible(value[:LONGEST]).strip() if isinstance(value, str) else ""
