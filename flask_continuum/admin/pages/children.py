"""What happened to the children of a record, as entries of the record's timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import EntryView, Link, Piece, Pill, RecordRef
from flask_continuum.admin.entries import NODES, Seen, see, show_entry
from flask_continuum.admin.pages.feed import records_of
from flask_continuum.admin.people import person_of
from flask_continuum.admin.records import refer
from flask_continuum.admin.subjects import Subject, visible_entries
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import ChildChange, Children, Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.labels import humanise, sentence_case
from flask_continuum.presenters.words import N_, _

SHOWN = 5
"""Changes of one relationship that a transaction shows on a timeline; its page has them all."""
CAME = N_("moved the %(model)s %(name)s here")
WENT = N_("moved the %(model)s %(name)s away")
SENTENCES: Mapping[Operation, str] = {
    Operation.INSERT: N_("added the %(model)s %(name)s"),
    Operation.UPDATE: N_("changed the %(model)s %(name)s"),
    Operation.DELETE: N_("deleted the %(model)s %(name)s"),
}
"""What happened to a child of the record, to be read after the person."""


def tracked_relationships(visit: Visit, subject: Subject) -> tuple[str, ...]:
    """The relationships whose changes belong to a record's timeline, and may be seen there."""
    versioned = subject.versioned
    masks = visit.masks(versioned, record=subject.live, versions=(subject.newest,))
    return tuple(
        name
        for name in versioned.options.track
        if name not in masks and visit.access.sees_model(shapes.target_of(versioned, name))
    )


def see_children(visit: Visit, subject: Subject, entries: Iterable[Entry]) -> Mapping[int, Seen]:
    """What may be shown of the children of some entries, by the identity of the child's entry.

    Costs the same number of statements for any number of children.
    """
    groups: dict[VersionedClass, list[tuple[str, Entry]]] = defaultdict(list)
    for entry in entries:
        for children in entry.children:
            for change in children.changes:
                actual = visit.registry.of(change.entry.version)
                groups[actual].append((children.relationship, change.entry))
    found: dict[int, Seen] = {}
    for versioned, group in groups.items():
        names = {id(each): name for name, each in group}
        shown = visible_entries(visit, versioned, [each for _name, each in group])
        for seen in see(visit, versioned, [each for each, _live in shown]):
            found[id(seen.entry)] = _without_parent(subject, names[id(seen.entry)], seen)
    return found


def _without_parent(subject: Subject, relationship: str, seen: Seen) -> Seen:
    """Leave out of a new child whose it is: it stands in the timeline of that record."""
    if seen.entry.previous is not None:
        return seen
    parents = shapes.remote_fields(subject.versioned, relationship)
    return replace(seen, fields=tuple(each for each in seen.fields if each.key not in parents))


def show_children(
    visit: Visit, subject: Subject, entry: Entry, seen: Mapping[int, Seen]
) -> tuple[EntryView, ...]:
    """What a transaction did to the children of a record, an entry for each that may be seen."""
    views: list[EntryView] = []
    for children in entry.children:
        shown = [each for each in children.changes if id(each.entry) in seen]
        views += _shown(visit, children.relationship, shown, seen)
        if children.more and shown:
            views.append(_more(visit, subject, entry.transaction, children))
    return tuple(views)


def _shown(
    visit: Visit, relationship: str, changes: Sequence[ChildChange], seen: Mapping[int, Seen]
) -> list[EntryView]:
    views = []
    for place, change in enumerate(changes, start=1):
        each = seen[id(change.entry)]
        transaction = change.entry.transaction
        versioned = visit.registry.of(change.entry.version)
        record = refer(
            visit,
            versioned,
            change.entry.version,
            live=change.entry.operation is not Operation.DELETE,
        )
        key = versioned.key_of(change.entry.version)
        url = visit.links.version(versioned.model, key, transaction.id)
        view = show_entry(
            visit, versioned, each, record=record, actions=(Link(label=_("View"), url=url),)
        )
        views.append(
            replace(
                view,
                anchor=f"v{transaction.id}-{relationship}-{place}",
                words=_words(change, record),
                node=NODES[change.effect],
                child=True,
                pills=(Pill(words=humanise(relationship)),),
            )
        )
    return views


def _words(change: ChildChange, record: RecordRef) -> tuple[Piece, ...]:
    said = SENTENCES[change.effect]
    if change.entry.operation is Operation.UPDATE:
        said = {Operation.INSERT: CAME, Operation.DELETE: WENT}.get(change.effect, said)
    # what has no title is called by its key alone, behind the name of its model
    name = record.name.removeprefix(record.model_label).strip()
    return pieces(
        _(said),
        model=Piece(text=sentence_case(record.model_label)),
        name=Piece(text=name if record.placeholder else record.label, url=record.url),
    )


def _more(visit: Visit, subject: Subject, transaction: Any, children: Children) -> EntryView:
    model = shapes.target_of(subject.versioned, children.relationship)
    url = visit.links.transaction(transaction, model=visit.links.segments[model])
    return EntryView(
        id=str(transaction.id),
        anchor=f"v{transaction.id}-{children.relationship}-more",
        person=person_of(transaction),
        words=pieces(
            _("changed %(records)s more"),
            records=Piece(text=records_of(children.more, model), url=url),
        ),
        node="upd",
        moment=visit.clock(transaction.issued_at),
        transaction=visit.links.transaction_ref(transaction),
        pills=(Pill(words=humanise(children.relationship)),),
        child=True,
    )
