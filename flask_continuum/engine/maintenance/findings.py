"""What a verification finds: kinds of damage, single findings, and the report of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class FindingKind(StrEnum):
    """A kind of damage; its value is stable, for programs.

    :ivar words: what it means, for people.
    """

    words: str

    def __new__(cls, value: str, words: str) -> FindingKind:
        """Make a member from its stable value and its words."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    TABLE_MISSING = "table-missing", "A table is missing"
    CHAIN_BROKEN = "chain-broken", "A version ends where no version begins"
    VERSIONS_OVERLAP = "versions-overlap", "A version ends after the next one begins"
    END_BEFORE_BEGIN = "end-before-begin", "A version ends before it begins"
    SEVERAL_OPEN = "several-open", "A version is open although another one follows it"
    NO_OPEN_VERSION = "no-open-version", "A record has no open version"
    END_WITHOUT_SUCCESSOR = (
        "end-without-successor",
        "The newest version of a lost record has an end",
    )
    LIFE_WITHOUT_BEGINNING = "life-without-beginning", "The first version is not an insertion"
    VERSION_AFTER_DELETION = "version-after-deletion", "A deletion is not followed by an insertion"
    BEGUN_TWICE = "begun-twice", "An insertion follows a version that is not a deletion"
    OPERATION_UNKNOWN = "operation-unknown", "A version has an unknown operation"
    RECORD_WITHOUT_VERSION = "record-without-version", "A record has no version"
    RECORD_AFTER_DELETION = "record-after-deletion", "A record is there that history has deleted"
    VERSION_WITHOUT_RECORD = (
        "version-without-record",
        "A record is gone that history has not deleted",
    )
    OPEN_VERSION_DIFFERS = "open-version-differs", "The open version differs from the live row"
    HIERARCHY_INCOMPLETE = "hierarchy-incomplete", "A version lacks its part in another table"
    TRANSACTION_MISSING = "transaction-missing", "The transaction of a version is missing"
    TRANSACTION_WITHOUT_VERSIONS = "transaction-without-versions", "A transaction has no versions"
    MOVE_WITHOUT_VERSIONS = (
        "move-without-versions",
        "A changed key is told of, but not both of its versions are there",
    )
    UID_TWICE = "uid-twice", "Two transactions have the same uid"
    ERASED_VALUE_IS_BACK = "erased-value-is-back", "A value that was erased is there"
    SEALED_CHANGED = "sealed-changed", "What was sealed has another content"
    SEALED_REMOVED = "sealed-removed", "What was sealed is gone"
    SEALED_ADDED = "sealed-added", "Something came into a transaction after it was sealed"
    SEAL_MISSING = "seal-missing", "A transaction before the last seal has none"
    SEAL_BROKEN = "seal-broken", "A seal does not fit what it seals, or the seal before it"
    SEAL_OF_ANOTHER_KEY = "seal-of-another-key", "A seal was made with another key, or with none"
    HISTORY_COLUMN_UNKNOWN = "history-column-unknown", "history_column names what is not recorded"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a history is not as it should be.

    :ivar kind: what kind of damage it is.
    :ivar table: the live table whose record is meant; for transactions and ``history_column``,
        and for a missing table, that table.
    :ivar key: the record's key; ``None`` where no single record is meant.
    :ivar transaction: the id of the transaction whose version is meant, or which is meant itself.
    :ivar words: one sentence with what was found and what was expected.
    :ivar columns: the columns that are meant, where they are.
    """

    kind: FindingKind
    table: str
    key: tuple[Any, ...] | None
    transaction: int | None
    words: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        record = "" if self.key is None else " " + ", ".join(str(part) for part in self.key)
        return f"{self.table}{record}: {self.words}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found.

    :ivar findings: the findings, of each kind no more than the limit.
    :ivar counts: how many there are of each kind that was found, all of them counted.
    :ivar tables: the live tables that were verified.
    :ivar incomplete: those of them whose history did not begin with an empty table: there a record
        without a version is no damage.
    """

    findings: tuple[Finding, ...]
    counts: Mapping[FindingKind, int]
    tables: tuple[str, ...]
    incomplete: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def total(self) -> int:
        """How many findings there are, those beyond the limit included."""
        return sum(self.counts.values())

    def of(self, kind: FindingKind) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind is kind)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        tables = _counted(len(self.tables), "table")
        if self.is_clean:
            yield f"{tables} verified, nothing found."
        else:
            yield f"{tables} verified, {_counted(self.total, 'finding')}."
        for kind, count in self.counts.items():
            shown = self.of(kind)
            yield f"{kind.words} ({count}):"
            yield from (f"  {finding}" for finding in shown)
            if count > len(shown):
                yield f"  … and {count - len(shown)} more"
        if self.incomplete:
            yield (
                "Records without a version are no damage in tables that had rows when their "
                f"history began: {', '.join(self.incomplete)}."
            )


@dataclass(slots=True)
class Collector:
    """Counts all findings and keeps the first of each kind.

    :ivar limit: how many of each kind are kept.
    """

    limit: int
    counts: dict[FindingKind, int] = field(default_factory=dict)
    kept: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it if it is among the first of its kind."""
        count = self.counts[finding.kind] = self.counts.get(finding.kind, 0) + 1
        if count <= self.limit:
            self.kept.append(finding)

    def report(self, tables: tuple[str, ...], incomplete: tuple[str, ...]) -> Report:
        """Return the report of what was collected, kinds in their order of definition."""
        order = {kind: position for position, kind in enumerate(FindingKind)}
        return Report(
            findings=tuple(sorted(self.kept, key=lambda each: order[each.kind])),
            counts=MappingProxyType(
                {kind: self.counts[kind] for kind in FindingKind if kind in self.counts}
            ),
            tables=tables,
            incomplete=incomplete,
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
