"""Records whose primary key changed: the way from the one key's history to the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_continuum.admin.contexts import Piece
from flask_continuum.admin.records import name_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.moved import counterparts
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.labels import key_name
from flask_continuum.presenters.sentences import PartKind, move_sentence


def moved_words(
    visit: Visit, versioned: VersionedClass, entries: Sequence[Entry]
) -> Mapping[int, tuple[Piece, ...]]:
    """What to say of entries in which the record's key changed, by the ``id()`` of the entry.

    Costs nothing where no key changed, else one statement. Of a record that the person may not
    see, nothing is said. The key names the other record, never its title, which may be hidden.
    """
    own = [entry for entry in entries if not entry.only_links]
    others = counterparts(
        visit.session, versioned, ((entry.version, entry.transaction) for entry in own)
    )
    found = {}
    for entry in own:
        other = others.get(entry.version)
        if other is None:
            continue
        actual = visit.registry.of(other)
        if not visit.access.sees(actual.model, version=other):
            continue
        key = actual.key_of(other)
        # the key may have been used again: the life that this transaction is part of is meant
        url = visit.links.record(actual.model, key, life=str(entry.transaction.id))
        sentence = move_sentence(int(entry.operation), key_name(name_of_model(actual.model), key))
        found[id(entry)] = tuple(
            Piece(text=part.text, url=url if part.kind is PartKind.RECORD else None)
            for part in sentence.parts
        )
    return found
