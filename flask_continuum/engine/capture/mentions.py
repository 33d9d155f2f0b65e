"""Which statements name a table of history, in whatever way they were made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_continuum.engine.registry import Registry

_READS = re.compile(r"\s*(?:SELECT|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Mentions:
    """Looks for the names of the registry's version and transaction tables."""

    registry: Registry
    _names: tuple[int, re.Pattern[str]] | None = None

    def are_in(self, statement: str) -> bool:
        """Tell whether a statement's text names a table of history."""
        count = len(self.registry.tables)
        if self._names is None or self._names[0] != count:
            names = "|".join(
                re.escape(name) for name in sorted(self.registry.history_table_names())
            )
            self._names = (count, re.compile(rf"\b(?:{names})\b", re.IGNORECASE))
        return self._names[1].search(statement) is not None


def changes_nothing(statement: str) -> bool:
    """Tell whether a statement only reads (a savepoint's end is seen by its own event)."""
    return _READS.match(statement) is not None
