"""What a session's present transaction says about itself in history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.capture.companions import fill, with_work
from flask_continuum.engine.capture.current import CurrentUnits


@dataclass(slots=True, eq=False)
class SessionUnit:
    """The history side of one session's transaction.

    :ivar session: the session.
    """

    session: Session
    _current: CurrentUnits

    def annotate(
        self,
        *,
        kind: str | None = None,
        reason: str | None = None,
        context: Mapping[str, Any] | None = None,
        mapper: Any = None,
    ) -> None:
        """Say what the present transaction is and why; what is given wins over what was said.

        :param kind: such as ``"revert"``.
        :param reason: in words for people.
        :param context: facts that serialise as JSON; merged with those that are there.
        :param mapper: the mapper whose database is meant, where the session has several.
        """
        arguments = {} if mapper is None else {"mapper": mapper}
        unit = self._current.get(self.session.connection(bind_arguments=arguments))
        before = unit.attribution or Attribution()
        unit.attribution = replace(
            before,
            kind=kind or before.kind,
            reason=reason or before.reason,
            context=MappingProxyType({**before.context, **(context or {})}),
        )

    def is_pending(self, connection: sa.Connection) -> bool:
        """Tell whether a connection holds changes whose versions are not written for good."""
        unit = self._current.find(connection)
        return unit is not None and unit.has_work

    def draft_id(self, mapper: Any) -> int | None:
        """Return the id of the draft that the versions of a mapper's objects are written under."""
        unit = self._current.find(self.session.connection(bind_arguments={"mapper": mapper}))
        if unit is None or unit.draft is None:
            return None
        return unit.draft.transaction_ids.get(mapper.local_table.metadata)

    def fill(self, attribution: Attribution) -> None:
        """Say what is still open about what the session has flushed and not committed.

        What was said before stays. A session that has written nothing versioned is left alone.

        :param attribution: what is known; who acts is taken from it only as a whole.
        """
        for _, unit in with_work(self.session.info.get(self._current.key, ()), self._current):
            fill(unit, attribution)
