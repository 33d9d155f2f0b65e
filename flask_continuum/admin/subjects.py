"""What an address is about: a model, a record, a version; found, and allowed to be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_continuum.admin.contexts import RecordRef
from flask_continuum.admin.errors import bad_request, not_found
from flask_continuum.admin.records import operation_of, refer
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import read_id
from flask_continuum.engine.read.navigation import newest as newest_version
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.live import load
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.addresses import BadAddress, key_at
from flask_continuum.presenters.words import _


@dataclass(frozen=True, slots=True)
class Subject:
    """A record: its newest version and, unless it is deleted, its live row."""

    versioned: VersionedClass
    key: tuple[Any, ...]
    newest: Any
    live: Any | None

    @property
    def model(self) -> type[Any]:
        """The record's model."""
        return self.versioned.model

    @property
    def is_deleted(self) -> bool:
        """True when its newest version is a deletion."""
        return operation_of(self.newest) is Operation.DELETE

    @property
    def newest_id(self) -> int:
        """The transaction that made its newest version."""
        return entry_transaction_id(self.newest)

    def refer(self, visit: Visit) -> RecordRef:
        """The record as it is now, or was last."""
        return refer(visit, self.versioned, self.newest, live=not self.is_deleted, record=self.live)


def find_model(visit: Visit, segment: str) -> VersionedClass:
    """The model that a path segment names.

    :raises NotFound: when there is none, or the person may not know of it.
    """
    versioned = visit.links.model_at(segment)
    if versioned is None or not visit.access.sees_model(versioned.model):
        raise not_found()
    return versioned


def find_record(visit: Visit, model_segment: str, key_segment: str) -> Subject:
    """The record that two path segments name, in two statements.

    :raises NotFound: when it has no history, or the person may not know of it.
    """
    versioned = find_model(visit, model_segment)
    try:
        key = key_at(versioned, key_segment)
    except BadAddress as error:
        raise not_found() from error
    newest = newest_version(visit.session, versioned.model, key)
    if newest is None:
        raise not_found()
    actual = visit.registry.of(newest)  # the model of a subclass, where a base was asked for
    live = visit.session.get(versioned.model, key)
    if not visit.access.sees(actual.model, record=live, version=newest):
        raise not_found()
    return Subject(actual, key, newest, live)


def see_version(visit: Visit, subject: Subject, version: Any) -> None:
    """Let pass when the person may see this version of a record that they may see.

    :raises NotFound: when not.
    """
    if not visit.access.sees(subject.model, record=subject.live, version=version):
        raise not_found()


def live_records(
    visit: Visit, versioned: VersionedClass, keys: Iterable[tuple[Any, ...]]
) -> dict[tuple[Any, ...], Any]:
    """The live rows of several records of a model, by key, one statement for each few hundred."""
    asked = sorted(set(keys), key=repr)  # the same question is the same statement
    with visit.session.no_autoflush:
        return load(visit.session, versioned.mapper, asked)


def visible_entries(
    visit: Visit, versioned: VersionedClass, entries: Sequence[Entry]
) -> list[tuple[Entry, Any]]:
    """The entries of records that may be seen, each with the live row of its record, if any."""
    lives = live_records(visit, versioned, (versioned.key_of(each.version) for each in entries))
    found = ((entry, lives.get(versioned.key_of(entry.version))) for entry in entries)
    return [
        (entry, live)
        for entry, live in found
        if visit.access.sees(
            visit.registry.of(entry.version).model, record=live, version=entry.version
        )
    ]


def read_number(text: str | None, name: str) -> int | None:
    """A number from the query or form of a request, such as a transaction id.

    :raises BadRequest: when it is no number.
    """
    if text is None or text == "":
        return None
    number = read_id(text)
    if number is None:
        raise bad_request(_("“%(name)s” is a number, such as 1187.", name=name))
    return number
