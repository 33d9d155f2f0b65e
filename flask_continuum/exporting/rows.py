"""Changes in types that JSON has, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_continuum.actor import who
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.change_feed import FeedItem
from flask_continuum.engine.read.results import Entry, Gone
from flask_continuum.engine.registry import Registry, VersionedClass, entry_of
from flask_continuum.policy import is_masked
from flask_continuum.presenters.addresses import encode_key, segments_of
from flask_continuum.presenters.exports import (
    Row,
    change_rows,
    exported,
    json_value,
    transaction_facts,
)


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of changes.

    :ivar segments: how models are called, as in addresses.
    :ivar reveal: whether secrets are told too.
    """

    segments: Mapping[type[Any], str]
    reveal: bool = False

    @classmethod
    def about(cls, registry: Registry, *, reveal: bool = False) -> Telling:
        """Tell about the models of a registry."""
        return cls(segments_of(registry.classes()), reveal)

    def hides(self, versioned: VersionedClass, name: str) -> bool:
        """Whether the values of a field or relationship are a secret."""
        return not self.reveal and is_masked(versioned.model, name)

    def rows(self, item: FeedItem, *, flat: bool) -> Iterator[Row]:
        """The changes of a transaction as rows, each with who, when and why.

        :param flat: a row for each field, as CSV has it; else one for each change of a record.
        """
        facts = transaction_facts(item.transaction, by=who(item.transaction))
        for entry in item:
            yield from self._changes(entry, facts, flat=flat)

    def message(self, item: FeedItem) -> Row:
        """A transaction as one value."""
        return {
            **transaction_facts(item.transaction, by=who(item.transaction)),
            "rows": [str(each) for each in item.rows],
            "cursor": item.cursor,
            "changes": [
                json_value(row) for entry in item for row in self._changes(entry, {}, flat=False)
            ],
        }

    def values(self, version: Any) -> dict[str, Any]:
        """What a version holds, by attribute."""
        versioned = entry_of(version)
        return {
            name: json_value(exported(getattr(version, name)))
            for name in versioned.attributes
            if not self.hides(versioned, name)
        }

    def _changes(self, entry: Entry, head: Row, *, flat: bool) -> list[Row]:
        versioned = entry_of(entry.version)
        fields = {
            change.key: (change.old, change.new)
            for change in entry.fields
            if change.key not in versioned.key_attributes and not self.hides(versioned, change.key)
        }
        links = {
            change.relationship: {
                "added": [related_key(each) for each in change.added],
                "removed": [related_key(each) for each in change.removed],
            }
            for change in entry.links
            if not self.hides(versioned, change.relationship)
        }
        about = {
            **head,
            "model": self.segments[versioned.model],
            "key": encode_key(versioned.key_of(entry.version)),
        }
        return change_rows(about, Operation(entry.operation), fields, links, flat=flat)


def as_message(item: FeedItem, *, reveal: bool = False) -> Row:
    """Return a transaction of the feed as JSON can have it, to be sent elsewhere.

    ``transaction`` tells whether it has been sent before: it is unique in its database.

    :param reveal: tell secrets too.
    """
    registry: Registry = type(item.transaction).__versioning_registry__
    return Telling.about(registry, reveal=reveal).message(item)


def related_key(thing: Any) -> str:
    """The key of a related record, as in addresses."""
    return encode_key(thing.key if isinstance(thing, Gone) else entry_of(thing).key_of(thing))
