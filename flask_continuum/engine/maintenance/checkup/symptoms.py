"""What a check-up finds: kinds of symptoms, single ones, and the diagnosis of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a symptom is.

    An error fails or loses history now, a warning can lose it, and advice is good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class SymptomKind(StrEnum):
    """A kind of symptom; its value is stable, for programs.

    :ivar severity: how bad it is.
    """

    severity: Severity

    def __new__(cls, value: str, severity: Severity) -> SymptomKind:
        """Make a member from its stable value and its severity."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity = severity
        return member

    CLASS_NOT_VERSIONED = "class-not-versioned", Severity.ERROR
    SESSION_NOT_TRACKED = "session-not-tracked", Severity.ERROR
    AUTOCOMMIT = "autocommit", Severity.ERROR
    TABLE_MISSING = "table-missing", Severity.ERROR
    COLUMN_MISSING = "column-missing", Severity.ERROR
    COLUMN_NEVER_FILLED = "column-never-filled", Severity.ERROR
    TRIGGER_MISSING = "trigger-missing", Severity.ERROR
    TRIGGER_OUTDATED = "trigger-outdated", Severity.ERROR
    TRIGGER_LEFT = "trigger-left", Severity.ERROR
    COLUMN_TOO_SHORT = "column-too-short", Severity.WARNING
    COLUMN_NOT_MAPPED = "column-not-mapped", Severity.WARNING
    CONSTRAINT_ON_HISTORY = "constraint-on-history", Severity.WARNING
    CASCADE_UNCAPTURED = "cascade-uncaptured", Severity.WARNING
    CASCADE_UNDECLARED = "cascade-undeclared", Severity.WARNING
    ROWS_UNPROTECTED = "rows-unprotected", Severity.WARNING
    HISTORY_INCOMPLETE = "history-incomplete", Severity.ADVICE
    VALUE_NOT_TRACKED = "value-not-tracked", Severity.ADVICE


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that could make history be missed, or fail.

    :ivar kind: what kind it is.
    :ivar subject: the model, table or database that has it.
    :ivar words: one or two sentences: what was found, and what to do.
    """

    kind: SymptomKind
    subject: str
    words: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.words}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a check-up found.

    :ivar symptoms: the worst first, then by subject.
    :ivar tables: the live tables that were looked at.
    """

    symptoms: tuple[Symptom, ...]
    tables: tuple[str, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing but advice."""
        return all(each.kind.severity is Severity.ADVICE for each in self.symptoms)

    @property
    def looked_at(self) -> str:
        """How many tables were looked at, in words."""
        number = len(self.tables)
        return f"{number} versioned {'table' if number == 1 else 'tables'} looked at"

    def of(self, kind: SymptomKind) -> tuple[Symptom, ...]:
        """Return the symptoms of one kind."""
        return tuple(each for each in self.symptoms if each.kind is kind)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.looked_at}, nothing wrong." if self.is_healthy else f"{self.looked_at}."
        yield from (f"{each.kind.severity} {each}" for each in self.symptoms)
