"""Addresses of the pages, and what the segments of an address stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from flask_continuum.admin.contexts import TransactionRef
from flask_continuum.engine.registry import Registry, VersionedClass
from flask_continuum.presenters.addresses import encode_key, segments_of


@dataclass(frozen=True, slots=True)
class Links:
    """The way from models, keys and transactions to addresses, and back.

    :ivar segments: the path segment of each model.
    :ivar by_segment: the model of each segment.
    """

    segments: Mapping[type[Any], str]
    by_segment: Mapping[str, VersionedClass]

    def model_at(self, segment: str) -> VersionedClass | None:
        """The model that a segment names, or ``None``."""
        return self.by_segment.get(segment)

    def overview(self, **query: Any) -> str:
        """The address of the first page."""
        return url_for("continuum.overview", **query)

    def models(self) -> str:
        """The address of the list of models."""
        return url_for("continuum.models")

    def activity(self, **query: Any) -> str:
        """The address of the changes of all models."""
        return url_for("continuum.activity", **query)

    def people(self) -> str:
        """The address of everybody who changed something."""
        return url_for("continuum.people")

    def access_log(self, **query: Any) -> str:
        """The address of who looked at the history."""
        return url_for("continuum.access_log", **query)

    def person(self, user_id: Any, **query: Any) -> str:
        """The address of what a user changed."""
        return url_for("continuum.person", user=encode_key((user_id,)), **query)

    def model(self, model: type[Any], **query: Any) -> str:
        """The address of a model's records."""
        return url_for("continuum.model", model=self.segments[model], **query)

    def record(self, model: type[Any], key: tuple[Any, ...], **query: Any) -> str:
        """The address of a record's timeline."""
        return self._of("timeline", model, key, **query)

    def compare(self, model: type[Any], key: tuple[Any, ...], **query: Any) -> str:
        """The address of a comparison; the ends are ``from`` and ``to``."""
        return self._of("compare", model, key, **query)

    def version(
        self, model: type[Any], key: tuple[Any, ...], transaction: int, **query: Any
    ) -> str:
        """The address of a record as a transaction left it."""
        return self._of("version", model, key, transaction=transaction, **query)

    def fields(self, model: type[Any], key: tuple[Any, ...], **query: Any) -> str:
        """The address of all fields of a record."""
        return self._of("fields", model, key, **query)

    def field(self, model: type[Any], key: tuple[Any, ...], name: str, **query: Any) -> str:
        """The address of the values that a field of a record has had."""
        return self._of("field", model, key, field=encode_key((name,)), **query)

    def revert(self, model: type[Any], key: tuple[Any, ...], transaction: int, **query: Any) -> str:
        """The address of the plan that goes back to a version."""
        return self._of("revert", model, key, transaction=transaction, **query)

    def transaction(self, transaction: Any, **query: Any) -> str:
        """The address of a transaction."""
        return url_for("continuum.transaction", uid=transaction.address, **query)

    def transaction_at(self, number: int | str) -> str:
        """The address of the transaction with an id, where it is not loaded."""
        return url_for("continuum.transaction", uid=str(number))

    def undo(self, transaction: Any, **query: Any) -> str:
        """The address of the plan that undoes a transaction."""
        return url_for("continuum.undo", uid=transaction.address, **query)

    def transaction_ref(self, transaction: Any) -> TransactionRef:
        """A link to a transaction, called by its number."""
        return TransactionRef(
            id=str(transaction.id),
            label=f"#{transaction.id}",
            url=self.transaction(transaction),
        )

    def _of(self, page: str, model: type[Any], key: tuple[Any, ...], **values: Any) -> str:
        return url_for(
            f"continuum.{page}", model=self.segments[model], key=encode_key(key), **values
        )


def make_links(registry: Registry) -> Links:
    """The addresses of everything a registry versions."""
    classes = registry.classes()
    segments = segments_of(classes)
    return Links(segments, {segments[each.model]: each for each in classes})
