"""Helpers for an application's own templates: links to the history, the last change, a timeline.

Each asks the policy, and renders nothing where the history may not be seen, where there is none,
or where the object is not versioned. For a list of objects ``preload_history`` makes the number of
statements constant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, url_for
from markupsafe import Markup, escape
from sqlalchemy.orm import InstanceState, Session, object_session

from flask_continuum import glances
from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.read import entry as read_entry
from flask_continuum.engine.read.field_history import history_of_field
from flask_continuum.engine.read.latest import Glance, latest_changes
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.policy import Action
from flask_continuum.presenters import words
from flask_continuum.presenters.addresses import encode_key, segments_of
from flask_continuum.state import State, find_state, spoken_to_reader

PRELOADED = 5
"""Changes of each object that ``preload_history`` loads unless told otherwise."""


def add_helpers(app: Flask) -> None:
    """Make the helpers global in an application's templates; its own names are left alone."""
    for helper in HELPERS:
        app.jinja_env.globals.setdefault(helper.__name__, helper)
    app.jinja_env.filters.setdefault(changed_by.__name__, changed_by)
    add_words(app)


def add_words(app: Flask) -> None:
    """Make what our own templates say their words with global, as ``hc``, ``hc_count``, …."""
    for word in (hc, hc_count, hc_number):
        app.jinja_env.globals[word.__name__] = word


# --- helpers -----------------------------------------------------------------------------------


def history_url(obj: Any) -> str:
    """Return the address of a record's timeline, or of a version's page; empty for nothing."""
    subject = _find("history_url", obj)
    return subject.url if subject is not None else ""


@spoken_to_reader
def history_link(obj: Any, text: str | None = None) -> Markup:
    """Return a link to a record's timeline, or to a version's page.

    :param obj: a live object, or a version.
    :param text: what the link says; "History" when left out.
    """
    subject = _find("history_link", obj)
    if subject is None or not subject.url:
        return Markup()
    return glances.render("link", url=subject.url, text=text, name=subject.name)


@spoken_to_reader
def last_change(obj: Any) -> glances.LastChange:
    """Return who changed a record last, and when; false where there is nothing to tell.

    :param obj: a live object; for a version it is the change that made it.
    """
    subject = _find("last_change", obj)
    changes = _changes(subject, 1) if subject is not None else ()
    if subject is None or not changes:
        return glances.NO_CHANGE
    return glances.describe(subject, changes[0])


@spoken_to_reader
def timeline(obj: Any, limit: int = PRELOADED) -> Markup:
    """Return a record's newest changes as a small list: who, what, when.

    :param obj: a live object.
    :param limit: how many.
    """
    subject = _find("timeline", obj)
    changes = _changes(subject, limit) if subject is not None else ()
    if subject is None or not changes:
        return Markup()
    described = (glances.describe(subject, each) for each in changes)
    return glances.render("timeline", changes=[each for each in described if each])


@spoken_to_reader
def diff(version: Any) -> Markup:
    """Return what a version changed, field by field.

    :param version: a version object.
    """
    subject = _find("diff", version)
    if subject is None:
        return Markup()
    if subject.version is None:
        raise TypeError(f"diff() takes a version, such as article.versions[-1], not {version!r}.")
    found = read_entry(subject.session, subject.entry.model, subject.key, subject.transaction_id)
    if found is None:
        return Markup()
    return glances.render("diff", rows=glances.differences(subject, found))


@spoken_to_reader
def field_history(obj: Any, field: str, limit: int = PRELOADED) -> Markup:
    """Return the values that one field had, newest first, each with who set it and when.

    :param obj: a live object, or a version: then of the life that it is part of.
    :param field: the name of the attribute, or of the relationship whose foreign key it is.
    :param limit: how many values.
    """
    subject = _find("field_history", obj)
    if subject is None or limit < 1:
        return Markup()
    name = glances.attribute_of(subject, field)
    if not subject.shows(subject.version, name, field):
        return Markup()
    found = history_of_field(subject.session, obj, name, limit=limit)
    held = glances.values_held(subject, name, found.items)
    return glances.render("field_history", values=held) if held else Markup()


def changed_by(obj: Any) -> str:
    """Return the name of whoever changed a record last; an empty text for nothing.

    It is a filter: ``{{ article|changed_by }}``.
    """
    return last_change(obj).who


def preload_history(objects: Iterable[Any], limit: int = PRELOADED) -> str:
    """Load the newest changes of many records at once, for ``last_change`` and ``timeline``.

    :param objects: live objects, of one model or of several.
    :param limit: how many changes of each.
    :returns: an empty text, so that a template can call it by ``{{ … }}``.
    """
    wanted: dict[VersionedClass, list[glances.Subject]] = defaultdict(list)
    for each in objects:
        subject = _find("preload_history", each)
        if subject is not None and subject.version is None:
            wanted[subject.entry].append(subject)
    for entry, subjects in wanted.items():
        session = subjects[0].session
        keys = [subject.key for subject in subjects]
        found = latest_changes(session, entry.model, keys, limit)
        kept = _kept(session)
        for key, changes in found.items():
            kept[entry.model, key] = _Loaded(changes, limit)
    return ""


HELPERS = (
    history_url, history_link, last_change, timeline, diff, field_history, preload_history,
)  # fmt: skip


# --- words of our own templates ----------------------------------------------------------------


def hc(message: str, /, **values: Any) -> Markup:
    """Say a text in the language of the page; values stand in it as ``%(name)s``, escaped."""
    text = escape(words._(message))
    return text % values if values else text


def hc_count(one: str, many: str, number: int, /, **values: Any) -> Markup:
    """Say a text that depends on a number, which stands in it as ``%(num)s``."""
    language = words.spoken()
    text = escape(language.plural(one, many, number))
    return text % {"num": language.number(number), **values}


def hc_number(number: int) -> str:
    """Return a count with the signs of the language: ``1,204``."""
    return words.number(number)


# --- what they are asked about -----------------------------------------------------------------


def _find(helper: str, obj: Any) -> glances.Subject | None:
    """The record or version that a helper is asked about, when its history may be seen."""
    if obj is None:
        return None
    mapped = sa.inspect(obj, raiseerr=False)
    if not isinstance(mapped, InstanceState):
        raise TypeError(f"{helper}() takes a record, an object of a model, not {obj!r}.")
    state = find_state()
    if state is None:
        return None
    if not state.manager.options["versioning"]:  # history is off
        return None
    try:
        entry = state.manager.registry.of(obj)
    except ClassNotVersioned:
        return None
    version = obj if isinstance(obj, entry.version_class) else None
    if mapped.identity is None:  # not saved yet
        return None
    key = tuple(mapped.identity) if version is None else entry.key_of(obj)
    user = state.current_user()
    allowed = state.policy.decide(
        Action.VIEW,
        user,
        model=entry.model,
        record=obj if version is None else None,
        version=version,
    )
    if not allowed:
        return None
    return glances.Subject(
        state=state,
        user=user,
        session=object_session(obj) or state.db.session(),
        entry=entry,
        key=key,
        record=obj if version is None else None,
        version=version,
        address=_addresses(state, entry, key),
    )


def _addresses(state: State, entry: VersionedClass, key: tuple[Any, ...]) -> glances.Addresses:
    """Return a function that gives the address of a record, as it is or as of a transaction."""
    # outside a request an address can only be made when the application knows its own name
    if not state.settings.admin or not (
        has_request_context() or current_app.config.get("SERVER_NAME")
    ):
        return lambda transaction_id: ""
    segment = _segments(state)[entry.model]

    def address(transaction_id: int | None) -> str:
        if transaction_id is None:
            return url_for("continuum.timeline", model=segment, key=encode_key(key))
        return url_for(
            "continuum.version", model=segment, key=encode_key(key), transaction=transaction_id
        )

    return address


def _segments(state: State) -> Mapping[type[Any], str]:
    """The address segment of each model, kept for the request."""
    classes = state.manager.registry.classes()
    kept = g.get("_continuum_segments")
    if kept is None or kept[0] != classes:
        kept = g._continuum_segments = (classes, segments_of(classes))
    found: Mapping[type[Any], str] = kept[1]
    return found


# --- loading -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Changes that were loaded, of which ``limit`` were asked for."""

    changes: tuple[Glance, ...]
    limit: int

    def holds(self, limit: int) -> bool:
        return limit <= self.limit or len(self.changes) < self.limit


@dataclass(slots=True)
class _Kept:
    """What was preloaded in one transaction of a session; another one may see other changes."""

    transaction: Any
    loaded: dict[tuple[type[Any], tuple[Any, ...]], _Loaded] = field(default_factory=dict)


def _kept(session: Session) -> dict[tuple[type[Any], tuple[Any, ...]], _Loaded]:
    kept: _Kept | None = g.get("_continuum_preloaded")
    if kept is None or kept.transaction is not session.get_transaction():
        kept = g._continuum_preloaded = _Kept(session.get_transaction())
    return kept.loaded


def _changes(subject: glances.Subject, limit: int) -> tuple[Glance, ...]:
    if limit < 1:
        return ()
    model, key = subject.entry.model, subject.key
    if subject.version is not None:
        found = read_entry(subject.session, model, key, subject.transaction_id)
        return () if found is None else (glances.glance_of(found),)
    kept: _Kept | None = g.get("_continuum_preloaded")
    if kept is not None and kept.transaction is subject.session.get_transaction():
        loaded = kept.loaded.get((model, key))
        if loaded is not None and loaded.holds(limit):
            return loaded.changes[:limit]
    return latest_changes(subject.session, model, [key], limit)[key]
