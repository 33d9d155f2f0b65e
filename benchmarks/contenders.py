"""Who takes part: the same models without history, with ours, and with each peer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to keep the history of the same models, or none.

    :ivar name: as tables and charts show it.
    :ivar package: what is imported for it; ``None`` keeps no history.
    :ivar requirements: what an environment of its own installs from PyPI, beside the SQLAlchemy
        and the drivers of this one; none are needed where this one will do.
    :ivar options: what ``make_versioned`` gets.
    :ivar databases: the kinds of database that it works on.
    :ivar before: statements that its database needs before any table.
    """

    name: str
    package: str | None = None
    requirements: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    databases: tuple[str, ...] = ("sqlite", "postgresql", "mariadb")
    before: tuple[str, ...] = ()

    def make_versioned(self) -> Callable[..., Any] | None:
        """Return the function that switches history on, or ``None``."""
        if self.package is None:
            return None
        found: Callable[..., Any] = import_module(self.package).make_versioned
        return found


OURS = "flask_continuum"
PEER = "sqlalchemy_continuum"
FORK = "sqlalchemy_history"
PEER_FROM = ("sqlalchemy-continuum~=2.0",)
FORK_FROM = ("sqlalchemy-history~=2.2", "greenlet")

CONTENDERS = (
    Contender("unversioned"),
    Contender("ours", OURS),
    Contender("ours, native", OURS, options={"native_versioning": True}),
    Contender("SQLAlchemy-Continuum", PEER, PEER_FROM),
    Contender("SQLAlchemy-Continuum, subquery", PEER, PEER_FROM, {"strategy": "subquery"}),
    Contender(
        "SQLAlchemy-Continuum, native",
        PEER,
        PEER_FROM,
        {"native_versioning": True},
        databases=("postgresql",),
        before=("CREATE EXTENSION IF NOT EXISTS hstore",),
    ),
    Contender("sqlalchemy-history", FORK, FORK_FROM),
)


def contender(name: str) -> Contender:
    """Return the contender of a name.

    :raises KeyError: when there is none.
    """
    return {each.name: each for each in CONTENDERS}[name]
