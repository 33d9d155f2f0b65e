"""Entries of timelines and of transactions: who did what to a record, in words and differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import (
    EntryView,
    FieldView,
    Link,
    LinkView,
    Piece,
    Pill,
    RecordRef,
)
from flask_continuum.admin.differences import (
    Sides,
    prepare_references,
    show_fields,
    show_links,
    visible_fields,
    visible_links,
)
from flask_continuum.admin.moves import moved_words
from flask_continuum.admin.origins import load_origins, origin_of
from flask_continuum.admin.people import person_of, reason_of
from flask_continuum.admin.records import name_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import Entry, FieldChange, LinkChange
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.outside import outside_of
from flask_continuum.presenters.sentences import PartKind, Sentence, entry_sentence
from flask_continuum.presenters.words import N_, _, ngettext

FIELDS_SHOWN = 8
"""Fields of an entry that a feed shows; the page of the version has them all."""

KINDS: Mapping[str, Pill] = {
    "revert": Pill(words=N_("Revert"), tone="back"),
    "restore": Pill(words=N_("Restore"), tone="back"),
    "undo": Pill(words=N_("Undo"), tone="back"),
    "import": Pill(words=N_("Import")),
    "baseline": Pill(
        words=N_("Baseline"), title=N_("Written when the history of older rows began")
    ),
    "command": Pill(words=N_("Command line")),
    "erase": Pill(words=N_("Erasure"), title=N_("Values were erased from the history")),
    "prune": Pill(words=N_("Pruning"), title=N_("Old versions were deleted")),
    "repair": Pill(
        words=N_("Repair"), title=N_("What was found outside the application was written down")
    ),
}
BACKWARD = frozenset({"revert", "restore", "undo"})
NODES: Mapping[Operation, str] = {
    Operation.INSERT: "ins",
    Operation.UPDATE: "upd",
    Operation.DELETE: "del",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry with only what may be shown of its changes."""

    entry: Entry
    fields: tuple[FieldChange, ...]
    links: tuple[LinkChange, ...]
    moved: tuple[Piece, ...] = ()

    @property
    def sides(self) -> Sides:
        """The states that its fields differ between."""
        return Sides(self.entry.previous, self.entry.version)


def see(
    visit: Visit, versioned: VersionedClass, entries: Sequence[Entry], *, record: Any = None
) -> tuple[Seen, ...]:
    """Leave out of entries what is hidden, and load what their foreign keys pointed to.

    :param record: the record as it is now, for the policy; of one record's entries only.
    :returns: the entries whose version may be seen; a difference to one that may not is left out.
    """
    load_origins(visit, (entry.transaction for entry in entries))
    shown = [
        entry
        for entry in entries
        if visit.access.sees(versioned.model, record=record, version=entry.version)
    ]
    moved = moved_words(visit, versioned, shown)
    seen = []
    for entry in shown:
        versions = tuple(v for v in (entry.previous, entry.version) if v is not None)
        masks = visit.masks(versioned, record=record, versions=versions)
        # The key says which record it is; that it was given one is no news.
        fields = [
            each
            for each in fields_of(visit, versioned, entry, record=record)
            if each.key not in versioned.key_attributes
        ]
        seen.append(
            Seen(
                entry,
                visible_fields(fields, masks),
                visible_links(entry.links, masks),
                moved.get(id(entry), ()),
            )
        )
    prepare_references(
        visit, versioned, ((each.sides, each.fields[:FIELDS_SHOWN]) for each in seen)
    )
    return tuple(seen)


def fields_of(
    visit: Visit, versioned: VersionedClass, entry: Entry, *, record: Any = None
) -> tuple[FieldChange, ...]:
    """The changed fields of an entry; none where the version before it may not be seen."""
    before = entry.previous
    if before is None or visit.access.sees(versioned.model, record=record, version=before):
        return entry.fields
    return ()


def show_entry(
    visit: Visit,
    versioned: VersionedClass,
    seen: Seen,
    *,
    current: bool = False,
    actions: tuple[Link, ...] = (),
    record: RecordRef | None = None,
    picks: Picks | None = None,
) -> EntryView:
    """An entry as a card.

    :param record: name the record, where the entry stands among those of others.
    :param picks: which of its radio buttons there are and which are chosen.
    """
    entry, transaction = seen.entry, seen.entry.transaction
    key = versioned.key_of(entry.version)
    url = visit.links.version(versioned.model, key, transaction.id)
    fields, more = entry_fields(visit, versioned, seen, url)
    links = show_links(visit, seen.links, anchor=f"v{transaction.id}")
    picks = picks or Picks()
    return EntryView(
        id=str(transaction.id),
        person=person_of(transaction),
        words=entry_words(visit, versioned, seen, links),
        # Among others' records the sign says what happened to each; the page names the kind.
        node="back" if record is None and transaction.kind in BACKWARD else NODES[entry.operation],
        moment=visit.clock(transaction.issued_at),
        transaction=visit.links.transaction_ref(transaction),
        fields=fields,
        links=links,
        pills=kind_pills(transaction) if record is None else (),
        reason=reason_of(transaction) if record is None else None,
        current=current,
        moved=seen.moved,
        more=more,
        url=url,
        actions=actions,
        record=record,
        pick_from=picks.can_be_from,
        pick_to=picks.can_be_to,
        picked_from=picks.is_from,
        picked_to=picks.is_to,
    )


@dataclass(frozen=True, slots=True)
class Picks:
    """The two radio buttons beside an entry."""

    can_be_from: bool = False
    can_be_to: bool = False
    is_from: bool = False
    is_to: bool = False


def entry_fields(
    visit: Visit, versioned: VersionedClass, seen: Seen, url: str
) -> tuple[tuple[FieldView, ...], Link | None]:
    """The first changed fields of an entry, and the way to the others."""
    if seen.entry.operation is Operation.DELETE:
        return (), None
    views = show_fields(
        visit,
        versioned,
        seen.fields[:FIELDS_SHOWN],
        seen.sides,
        created=seen.entry.previous is None,
        url=url,
        anchor=f"v{seen.entry.transaction.id}",
    )
    rest = len(seen.fields) - FIELDS_SHOWN
    more = (
        Link(label=ngettext("%(num)s more field", "%(num)s more fields", rest), url=url)
        if rest > 0
        else None
    )
    return views, more


def entry_words(
    visit: Visit, versioned: VersionedClass, seen: Seen, links: Sequence[LinkView]
) -> tuple[Piece, ...]:
    """What an entry says happened, to be read after the person's name."""
    transaction = seen.entry.transaction
    key = versioned.key_of(seen.entry.version)
    references = shapes.reference_of_field(versioned)
    names = dict.fromkeys(references.get(change.key, change.key) for change in seen.fields)
    sentence = entry_sentence(
        int(seen.entry.operation),
        name_of_model(versioned.model),
        fields=len(names),
        links=tuple(link.label for link in links),
        kind=transaction.kind,
        labels=(*(humanise(name) for name in names), *(link.label for link in links)),
        target=origin_of(visit, transaction),
        pruned=seen.entry.pruned is not None,
    )
    return pieces_of(sentence, lambda ref: visit.links.version(versioned.model, key, int(ref)))


def pieces_of(sentence: Sentence, url_of: Callable[[int | str], str]) -> tuple[Piece, ...]:
    """A sentence in pieces that a template links and stresses."""
    return tuple(
        Piece(
            text=part.text,
            strong=part.kind is PartKind.STRONG,
            mono=part.kind is PartKind.VERSION,
            url=url_of(part.ref)
            if part.kind is PartKind.VERSION and part.ref is not None
            else None,
        )
        for part in sentence.parts
    )


def kind_pills(transaction: Any) -> tuple[Pill, ...]:
    """What sets a transaction apart from a plain edit."""
    outside = outside_of(transaction)
    if outside is not None:
        return (Pill(words=outside.short, tone="warn", title=outside.words),)
    pill = KINDS.get(transaction.kind or "")
    if pill is not None:
        title = None if pill.title is None else _(pill.title)
        return (replace(pill, words=_(pill.words), title=title),)
    return (Pill(words=humanise(transaction.kind)),) if transaction.kind else ()
