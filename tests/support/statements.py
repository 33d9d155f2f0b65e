"""Collects the SQL an engine sends, so that tests can hold it to a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

TRANSACTION_CONTROL = re.compile(
    r"\s*(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE
)


class Statements(list[str]):
    """The statements sent, in order, each as the driver got it."""

    def naming(self, word: str) -> Statements:
        """Those that contain ``word``, an identifier or keyword, as a whole word."""
        pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
        return Statements(text for text in self if pattern.search(text))

    def beginning(self, verb: str) -> Statements:
        """Those whose first word is ``verb``."""
        return Statements(text for text in self if text.split(None, 1)[0].upper() == verb.upper())

    def __str__(self) -> str:
        return "\n".join(f"{number:3} {text}" for number, text in enumerate(self, 1))


@contextmanager
def statements(engine: sa.Engine | sa.Connection) -> Iterator[Statements]:
    """Collect what ``engine`` sends inside the block, transaction control left out.

    :param engine: an engine, or one connection of it.
    :return: the list, filled while the block runs. An ``executemany`` is one statement; a list
        that SQLAlchemy cuts into several is as many as are really sent.
    """
    found = Statements()

    def before_cursor_execute(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if not TRANSACTION_CONTROL.match(statement):
            found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", before_cursor_execute)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", before_cursor_execute)
