"""What the template helpers say about a change: who, what, when, and the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app
from markupsafe import Markup
from sqlalchemy.orm import InstanceState, RelationshipDirection, Session

from flask_continuum.actor import label_of
from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.latest import Glance
from flask_continuum.engine.read.results import NOT_RECORDED, Entry, FieldValue, Gone
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.unreadable import Unreadable
from flask_continuum.policy import Action
from flask_continuum.presenters.budget import Budget
from flask_continuum.presenters.dates import Moment, as_utc, moment
from flask_continuum.presenters.field_diff import FieldDiff, FieldKind, diff_field
from flask_continuum.presenters.labels import (
    colour,
    humanise,
    initials,
    key_name,
    model_label,
    record_label,
)
from flask_continuum.presenters.outside import outside_of
from flask_continuum.presenters.sentences import entry_sentence
from flask_continuum.presenters.values import Display, DisplayKind, View, display
from flask_continuum.presenters.words import N_, _
from flask_continuum.state import State, spoken_to_reader

Addresses = Callable[[int | None], str]
"""Gives the address of a record (``None``), or of it as a transaction left it; or empty text."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The record or version that a helper is asked about, and who asks.

    :ivar record: the live object; ``None`` when it is a version.
    :ivar version: the version object; ``None`` when it is a live one.
    """

    state: State
    user: Any
    session: Session
    entry: VersionedClass
    key: tuple[Any, ...]
    record: Any
    version: Any
    address: Addresses

    @property
    def transaction_id(self) -> int:
        """The transaction that made the version."""
        made: int = getattr(self.version, self.entry.options.transaction_column_name)
        return made

    @property
    def url(self) -> str:
        """The address of the timeline, or of the version's page."""
        return self.address(None if self.version is None else self.transaction_id)

    @property
    def name(self) -> str:
        """``article 42``, to be read by those who do not see where a link stands."""
        label = key_name(model_label(self.entry.model.__name__), self.key)
        return label[:1].lower() + label[1:]

    def shows(self, version: Any, *keys: str | None) -> bool:
        """Whether the values of all these fields and relationships may be seen."""
        return all(
            self.state.policy.decide(
                Action.VIEW_FIELD,
                self.user,
                model=self.entry.model,
                record=self.record,
                version=version,
                field=key if key in self.entry.attributes else None,
                relationship=None if key in self.entry.attributes else key,
            ).allowed
            for key in keys
            if key is not None
        )


@dataclass(frozen=True, slots=True)
class Who:
    """Who made a change; ``kind`` is ``user``, ``program`` or ``unknown``."""

    name: str
    initials: str
    colour: int
    kind: str
    url: str | None = None


UNKNOWN = Who(N_("Unknown"), "?", 0, "unknown")


@dataclass(frozen=True, slots=True)
class LastChange:
    """A change of a record, as a template shows it; false when there is none.

    As text it reads ``Maya Lind, today, 14:02``, and in a template it has a ``<time>``.

    :ivar who: the name of who made it, as it was then.
    :ivar when: the instant, in UTC.
    :ivar label: what was done: ``changed 3 fields``.
    :ivar reason: why, when a reason was given.
    :ivar url: the page of the version that it made; empty where there are no pages.
    :ivar fields: the names of what changed; none for a beginning or an end.
    """

    who: str = ""
    when: datetime | None = None
    label: str = ""
    reason: str | None = None
    url: str = ""
    fields: tuple[str, ...] = ()
    person: Who = UNKNOWN
    moment: Moment | None = None

    def __bool__(self) -> bool:
        return self.when is not None

    def __str__(self) -> str:
        return f"{self.who}, {self.moment.text}" if self.moment is not None else ""

    def __html__(self) -> str:
        return render("last_change", change=self) if self else Markup()


NO_CHANGE = LastChange()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a difference, with what the pages' macro for one asks for."""

    label: str
    diff: FieldDiff
    url: str | None = None
    stat: None = None
    note: tuple[()] = ()
    pills: tuple[()] = ()


@spoken_to_reader
def render(helper: str, **values: Any) -> Markup:
    """Return a helper's template, filled."""
    template = current_app.jinja_env.get_template(f"continuum/helpers/{helper}.html")
    return Markup(template.render(**values).strip())


def glance_of(entry: Entry) -> Glance:
    """Return an entry of a timeline in short."""
    links = tuple(change.relationship for change in entry.links)
    return Glance(entry.version, entry.transaction, entry.operation, entry.fields, links)


def describe(subject: Subject, change: Glance) -> LastChange:
    """Return a change in words; what the user may not see takes no part."""
    transaction = change.transaction
    if transaction is None or transaction.issued_at is None:
        return NO_CHANGE
    references = dict(_references(subject.entry))
    shown = [
        each.key
        for each in change.fields
        if subject.shows(change.version, each.key, references.get(each.key))
    ]
    links = [key for key in change.links if subject.shows(change.version, key)]
    names = tuple(humanise(references.get(key, key)) for key in [*shown, *links])
    person = _who(transaction)
    sentence = entry_sentence(
        int(change.operation),
        model_label(subject.entry.model.__name__),
        fields=len(shown),
        links=tuple(map(humanise, links)),
        kind=transaction.kind,
        labels=names,
    )
    zone = subject.state.settings.zone_for(subject.user)
    return LastChange(
        who=person.name,
        when=as_utc(transaction.issued_at),
        label=str(sentence),
        reason=transaction.reason or None,
        url=subject.address(transaction.id),
        fields=names if change.operation is Operation.UPDATE else (),
        person=person,
        moment=moment(transaction.issued_at, datetime.now(UTC), zone),
    )


def differences(subject: Subject, entry: Entry) -> tuple[Row, ...]:
    """Return what an entry changed, row by row; what the user may not see takes no part."""
    settings = subject.state.settings
    view = View(
        zone=settings.zone_for(subject.user),
        not_recorded=NOT_RECORDED,
        unreadable=Unreadable,
        erased=Erased,
    )
    budget = Budget(settings.diff_budget_ms / 1000)
    references = dict(_references(subject.entry))
    rows = []
    for change in entry.fields:
        relationship = references.get(change.key)
        if not subject.shows(entry.version, change.key, relationship):
            continue
        found = diff_field(
            change.key,
            change.old,
            change.new,
            label=humanise(relationship or change.key),
            full=True,
            created=entry.previous is None,
            budget=budget,
            view=view,
        )
        if relationship is not None:
            found = _with_titles(subject, found, entry, relationship)
        rows.append(Row(found.label, found))
    for link in entry.links:
        if subject.shows(entry.version, link.relationship):
            rows.append(_link_row(subject, link.relationship, link.added, link.removed))
    return tuple(rows)


def attribute_of(subject: Subject, name: str) -> str:
    """Return the field of a name, which may be that of a relationship with a foreign key.

    :raises ValueError: when the model has no such field.
    """
    by_relationship = {relationship: key for key, relationship in _references(subject.entry)}
    found = by_relationship.get(name, name)
    if found not in subject.entry.attributes:
        raise ValueError(
            f"{subject.entry.model.__name__} has no field {name!r} with a history. It has "
            f"{', '.join(subject.entry.attributes)}."
        )
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a field had: what it was, who set it, and since when.

    :ivar moment: ``None`` where its transaction is no more.
    """

    value: Display
    person: Who
    moment: Moment | None
    url: str
    current: bool


def values_held(subject: Subject, name: str, values: Iterable[FieldValue]) -> tuple[Held, ...]:
    """Return the values that a field had, without those that the user may not see."""
    settings = subject.state.settings
    zone, now = settings.zone_for(subject.user), datetime.now(UTC)
    view = View(zone=zone, not_recorded=NOT_RECORDED, unreadable=Unreadable, erased=Erased)
    relationship = dict(_references(subject.entry)).get(name)
    held = []
    for each in values:
        seen = _allows(subject, subject.entry.model, record=subject.record, version=each.version)
        if not seen or not subject.shows(each.version, name, relationship):
            continue
        shown = display(each.value, view)
        if relationship is not None:
            shown = _titled(subject, shown, each.version, relationship)
        at = each.transaction
        held.append(
            Held(
                value=shown,
                person=_unknown() if at is None else _who(at),
                moment=None if at is None else moment(at.issued_at, now, zone),
                url="" if at is None else subject.address(at.id),
                current=each.stands,
            )
        )
    return tuple(held)


# --- people and records ------------------------------------------------------------------------


def _who(transaction: Any) -> Who:
    # where transactions name no user, nobody can tell a person from a program
    user_id = getattr(transaction, "user_id", UNKNOWN)
    name = transaction.actor or label_of(getattr(transaction, "user", None), may_load=True)
    outside = outside_of(transaction)
    if outside is not None and not name:
        name, user_id = outside.name, None
    if user_id is None:
        return Who(name, "⚙", 0, "program") if name else _unknown()
    if not name:
        return _unknown() if user_id is UNKNOWN else _user(_("User %(key)s", key=user_id))
    return _user(name)


def _unknown() -> Who:
    return replace(UNKNOWN, name=_(UNKNOWN.name))


def _user(name: str) -> Who:
    return Who(name, initials(name), colour(name) + 1, "user")


def _references(entry: VersionedClass) -> Iterator[tuple[str, str]]:
    """Yield foreign key fields, each with the many-to-one relationship that it belongs to."""
    for key in reversed(entry.relationships):
        prop = entry.mapper.relationships[key]
        if prop.direction is RelationshipDirection.MANYTOONE and len(prop.local_columns) == 1:
            (column,) = prop.local_columns
            yield entry.mapper.get_property_by_column(column).key, key


def _with_titles(subject: Subject, found: FieldDiff, entry: Entry, relationship: str) -> FieldDiff:
    """Show a foreign key as the titles of what it pointed to, at the time."""
    old = _titled(subject, found.old, entry.previous, relationship)
    new = _titled(subject, found.new, entry.version, relationship)
    kind = FieldKind.CREATED if found.kind is FieldKind.CREATED else FieldKind.REPLACED
    return FieldDiff(found.key, found.label, kind, old, new)


def _titled(subject: Subject, shown: Display, version: Any, relationship: str) -> Display:
    target = getattr(version, relationship, None) if not shown.is_nothing else None
    title = None if target is None else _title_of(subject, target)
    return Display(DisplayKind.TEXT, title) if title else shown


def _link_row(
    subject: Subject, relationship: str, added: Iterable[Any], removed: Iterable[Any]
) -> Row:
    come, gone = (
        tuple(
            Display(DisplayKind.TEXT, title)
            for each in side
            if (title := _title_of(subject, each)) is not None
        )
        for side in (added, removed)
    )
    nothing = Display(DisplayKind.NULL, "")
    label = humanise(relationship)
    return Row(
        label,
        FieldDiff(relationship, label, FieldKind.ITEMS, nothing, nothing, come=come, gone=gone),
    )


def _title_of(subject: Subject, target: Any) -> str | None:
    """What a related record is called; ``None`` when the user may not see it."""
    if isinstance(target, Gone):
        allowed = _allows(subject, target.model)
        return key_name(model_label(target.model.__name__), target.key) if allowed else None
    try:
        entry = subject.state.manager.registry.of(target)
    except ClassNotVersioned:
        model, key, names = type(target), _identity(target), sa.inspect(target).mapper.column_attrs
        attributes = [each.key for each in names]
    else:
        model, key, attributes = entry.model, entry.key_of(target), list(entry.attributes)
        is_version = isinstance(target, entry.version_class)
        if not _allows(
            subject,
            model,
            record=None if is_version else target,
            version=target if is_version else None,
        ):
            return None
    values = {
        name: getattr(target, name)
        for name in attributes
        if _allows(subject, model, action=Action.VIEW_FIELD, field=name)
    }
    return record_label(values) or key_name(model_label(model.__name__), key)


def _allows(
    subject: Subject, model: type[Any], *, action: Action = Action.VIEW, **about: Any
) -> bool:
    return subject.state.policy.decide(action, subject.user, model=model, **about).allowed


def _identity(target: Any) -> tuple[Any, ...]:
    state: InstanceState[Any] = sa.inspect(target)
    return tuple(state.identity or ())
