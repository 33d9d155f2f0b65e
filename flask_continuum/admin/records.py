"""What records and models are called, and the references to them that pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect

from flask_continuum.admin.contexts import RecordRef
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import Gone
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.labels import (
    key_name,
    model_label,
    model_label_plural,
    record_label,
)


def name_of_model(model: type[Any]) -> str:
    """``Article``."""
    return model_label(model.__name__)


def plural_of_model(model: type[Any]) -> str:
    """``Articles``."""
    return model_label_plural(model.__name__)


def operation_of(version: Any) -> Operation:
    """What a version says happened to its record."""
    options = version.__continuum__.options
    return Operation(getattr(version, options.operation_type_column_name))


def title_of(versioned: VersionedClass, thing: Any, masks: Mapping[str, str]) -> str | None:
    """What a record is called as ``thing`` has it, or ``None`` when nothing says it.

    The model's option ``label`` decides; else the first attribute with the name of a title.
    Hidden values take no part in it.
    """
    chosen = versioned.options.label
    found: Any
    if chosen is None:
        values = {key: getattr(thing, key) for key in versioned.attributes if key not in masks}
        return record_label(values)
    if callable(chosen):
        try:
            found = chosen(_Shown(thing, masks))
        except Exception:
            # The application's own code, which may not expect a version, a deleted record or a
            # hidden value; a page must still show. The key names the record then.
            return None
    else:
        found = None if chosen in masks else getattr(thing, chosen, None)
    return None if found is None else record_label({"title": str(found)})


@dataclass(frozen=True, slots=True)
class _Shown:
    """Stands for a record in the application's label function; what is hidden reads as ``None``."""

    _thing: Any
    _masks: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        return None if name in self._masks else getattr(self._thing, name)


def refer(
    visit: Visit,
    versioned: VersionedClass,
    thing: Any,
    *,
    live: bool = True,
    record: Any = None,
    note: str | None = None,
    transaction: int | None = None,
) -> RecordRef:
    """A reference to a versioned record, called as ``thing`` (live or a version) has it.

    :param record: the record as it is now, for the policy.
    :param transaction: lead to the record as this transaction left it, not to its timeline.
    """
    is_version = isinstance(thing, versioned.version_class)
    masks = visit.masks(versioned, record=record, versions=(thing,) if is_version else ())
    key = versioned.key_of(thing)
    label = name_of_model(versioned.model)
    name = key_name(label, key)
    title = title_of(versioned, thing, masks)
    return RecordRef(
        label=title or name,
        name=name,
        model_label=label,
        url=visit.links.record(versioned.model, key)
        if transaction is None
        else visit.links.version(versioned.model, key, transaction),
        live=live,
        placeholder=title is None,
        note=note,
    )


def refer_to_related(visit: Visit, thing: Any, *, at_its_moment: bool = False) -> RecordRef | None:
    """A reference to whatever a relationship held; ``None`` when it may not be seen.

    :param thing: a version object, a live object of any class, or :class:`Gone`.
    :param at_its_moment: lead to the version itself, not to the record's timeline.
    """
    if isinstance(thing, Gone):
        return _refer_to_gone(visit, thing)
    try:
        versioned = visit.registry.of(thing)
    except ClassNotVersioned:
        return _refer_to_plain(visit, thing)
    if isinstance(thing, versioned.version_class):
        if not visit.access.sees(versioned.model, version=thing):
            return None
        return refer(
            visit,
            versioned,
            thing,
            live=operation_of(thing) is not Operation.DELETE,
            transaction=entry_transaction_id(thing) if at_its_moment else None,
        )
    if not visit.access.sees(versioned.model, record=thing):
        return None
    return refer(visit, versioned, thing, record=thing)


def _refer_to_gone(visit: Visit, gone: Gone) -> RecordRef | None:
    if not visit.access.sees_model(gone.model):
        return None
    label = name_of_model(gone.model)
    name = key_name(label, gone.key)
    return RecordRef(
        label=name, name=name, model_label=label, url=None, live=False, placeholder=True
    )


def _refer_to_plain(visit: Visit, thing: Any) -> RecordRef | None:
    """A reference to a live object of a class that has no history, so no page either."""
    model = type(thing)
    if not visit.access.sees(model, record=thing):
        return None
    state = inspect(thing)
    label = name_of_model(model)
    name = key_name(label, tuple(state.identity or ()))
    shown = (each.key for each in state.mapper.column_attrs)
    title = record_label(
        {key: getattr(thing, key) for key in shown if visit.access.shows(model, thing, key)}
    )
    return RecordRef(
        label=title or name, name=name, model_label=label, url=None, placeholder=title is None
    )
