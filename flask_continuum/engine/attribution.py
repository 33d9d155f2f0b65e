"""Who, when, from where and why: what a history transaction says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Attribution:
    """The circumstances of a transaction, as stored in its row.

    :ivar user_id: the acting user's primary key.
    :ivar actor: the label of whoever acted, as it was then (users are renamed and deleted).
    :ivar remote_addr: the address that the change came from.
    :ivar reason: why, in the words of whoever acted.
    :ivar kind: what made the change when it was no plain edit, such as ``"revert"``.
    :ivar context: further facts that serialise as JSON, such as a request id.
    :ivar issued_at: the instant (naive UTC); the time of writing when ``None``.
    :ivar uid: the shareable identity; made when ``None``.
    :ivar values: values of columns that the application added to its own Transaction class.
    """

    user_id: Any = None
    actor: str | None = None
    remote_addr: str | None = None
    reason: str | None = None
    kind: str | None = None
    context: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    issued_at: datetime | None = None
    uid: str | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def filled_from(self, other: Attribution) -> Attribution:
        """Return this attribution with what it leaves open taken from ``other``.

        Mappings are merged; where both have a key, this one's value stays.
        """
        found: dict[str, Any] = {}
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Mapping):
                if theirs.keys() - mine.keys():
                    found[each.name] = MappingProxyType({**theirs, **mine})
            elif mine is None and theirs is not None:
                found[each.name] = theirs
        return replace(self, **found) if found else self


NOBODY = Attribution()
"""Nothing is known about the circumstances."""
