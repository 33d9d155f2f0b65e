"""What the arguments of commands stand for: models, records, versions and transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import update_wrapper
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from flask_continuum.actor import who
from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.read.changes import value
from flask_continuum.engine.read.navigation import newest, version_at
from flask_continuum.engine.read.siblings import spans
from flask_continuum.engine.read.transactions import transaction_by_uid
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.policy import is_masked
from flask_continuum.presenters import exports
from flask_continuum.presenters.addresses import BadAddress, key_at, segments_of
from flask_continuum.presenters.labels import key_name, model_label, record_name
from flask_continuum.state import State, current_state

__all__ = [
    "MASKED",
    "Desk",
    "key_argument",
    "model_argument",
    "reveal",
    "transaction_facts",
    "transaction_of",
    "who",
    "with_desk",
]

MASKED = "(masked)"
"""Stands for a value that is a secret."""

model_argument = click.argument("model", metavar="MODEL")
key_argument = click.argument("key", metavar="KEY")
reveal = click.option(
    "--reveal", is_flag=True, help="Show secrets too, such as hashes of passwords."
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every command works with.

    :ivar reveal: whether secrets are shown.
    """

    state: State
    session: Session
    reveal: bool = False

    def model(self, name: str) -> VersionedClass:
        """Return the model that a name stands for: that of its table, as in addresses, or its own.

        :raises BadParameter: when there is none.
        """
        classes = self.state.manager.registry.classes()
        segments = segments_of(classes)
        known: dict[str, VersionedClass] = {each.model.__name__: each for each in classes}
        known |= {segments[each.model]: each for each in classes}
        if name in known:
            return known[name]
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise click.BadParameter(
            f"no model {name!r} has a history.{hint} 'flask history models' lists them.",
            param_hint="MODEL",
        )

    def key(self, versioned: VersionedClass, text: str) -> tuple[Any, ...]:
        """Return the primary key that a text stands for, written as in addresses.

        :raises BadParameter: when no record can have it, or none had it.
        """
        try:
            key = key_at(versioned, text)
        except BadAddress as error:
            raise click.BadParameter(str(error), param_hint="KEY") from error
        if newest(self.session, versioned.model, key) is None:
            raise click.BadParameter(
                f"{self.name_of_key(versioned, key)} has no history.", param_hint="KEY"
            )
        return key

    def version(
        self, versioned: VersionedClass, key: tuple[Any, ...], transaction: int | None
    ) -> Any:
        """Return the version of a record as of a transaction, the newest one without it.

        :raises BadParameter: when the record was not there yet.
        """
        if transaction is None:
            return newest(self.session, versioned.model, key)
        values = dict(zip(versioned.key_attributes, key, strict=True))
        found = version_at(self.session, versioned.model, values, transaction)
        if found is None:
            raise click.BadParameter(
                f"{self.name_of_key(versioned, key)} was not there yet at transaction "
                f"{transaction}.",
                param_hint="TX",
            )
        return found

    def transaction(self, text: str) -> Any:
        """Return the transaction with an id or a uid.

        :raises BadParameter: when there is none.
        """
        found = transaction_by_uid(self.session, self.state.manager, text.removeprefix("#"))
        if found is None:
            raise click.BadParameter(f"there is no transaction {text!r}.", param_hint="TX")
        return found

    # -- names and values ------------------------------------------------------------------

    def name(self, version: Any) -> str:
        """Return what a version's record was called, or its model and key."""
        versioned = self.entry(version)
        values = {name: getattr(version, name) for name in self.fields(versioned)}
        model = model_label(versioned.model.__name__)
        return record_name(values, model, versioned.key_of(version))

    def name_of_key(self, versioned: VersionedClass, key: tuple[Any, ...]) -> str:
        """Return a record's model and key."""
        return key_name(model_label(versioned.model.__name__), key)

    def entry(self, thing: Any) -> VersionedClass:
        """Return the entry of a live or version object."""
        return self.state.manager.registry.of(thing)

    def segment(self, versioned: VersionedClass) -> str:
        """Return how a model is named in arguments and addresses."""
        return segments_of(self.state.manager.registry.classes())[versioned.model]

    def fields(self, versioned: VersionedClass) -> tuple[str, ...]:
        """Return the attributes whose values may be shown."""
        return tuple(each for each in versioned.attributes if not self.hides(versioned, each))

    def hides(self, versioned: VersionedClass, field: str) -> bool:
        """Tell whether the values of a field are secret."""
        return not self.reveal and is_masked(versioned.model, field)

    def record(self, version: Any) -> Mapping[str, Any]:
        """Return the values of a version by attribute, secrets masked."""
        versioned = self.entry(version)
        known = spans(self.session, version)
        return {
            name: MASKED if self.hides(versioned, name) else value(versioned, known, version, name)
            for name in versioned.attributes
        }


def transaction_facts(transaction: Any) -> dict[str, Any]:
    """Return who, when and why as JSON has it."""
    return exports.transaction_facts(transaction, by=who(transaction))


def transaction_of(version: Any) -> int:
    """Return the transaction that made a version."""
    return entry_transaction_id(version)


def with_desk(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its desk, and print errors of the history as those of a command.

    A wrong use exits with 2, everything else that goes wrong with 1.
    """

    @with_appcontext
    def run(*args: Any, **options: Any) -> Any:
        try:
            state = current_state()
            session: Any = state.db.session()
            return function(Desk(state, session, options.pop("reveal", False)), *args, **options)
        except VersioningError as error:
            raise click.ClickException(str(error)) from error

    return update_wrapper(run, function)
