"""Sentences that say what an entry or a transaction did, in parts that templates can link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from .labels import count_of, plural, sentence_case
from .words import N_, _, interleave, joined, ngettext

#: Field names that a sentence spells out before it counts the rest.
NAMED_FIELDS = 3


class Verb(IntEnum):
    """What happened to a record; the numbers are those of ``operation_type``."""

    CREATED = 0
    CHANGED = 1
    DELETED = 2


_DEEDS = {
    Verb.CREATED: N_("created %(things)s"),
    Verb.CHANGED: N_("changed %(things)s"),
    Verb.DELETED: N_("deleted %(things)s"),
}


class PartKind(StrEnum):
    """How a part of a sentence is drawn."""

    TEXT = "text"
    STRONG = "strong"
    VERSION = "version"  # a link to version or transaction ``ref``
    RECORD = "record"  # a link to the record that the sentence is about


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; ``ref`` is the transaction id of a VERSION part."""

    text: str
    kind: PartKind = PartKind.TEXT
    ref: int | str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its subject ("changed 3 fields"); ``str`` gives it as plain text."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return "".join(part.text for part in self.parts)


def entry_sentence(
    operation: int,
    model: str,
    *,
    fields: int = 0,
    links: Sequence[str] = (),
    kind: str | None = None,
    labels: Sequence[str] = (),
    target: int | str | None = None,
    pruned: bool = False,
) -> Sentence:
    """Say what one entry of a timeline did.

    :param operation: the version's ``operation_type``
    :param model: the model's label ("Article")
    :param fields: how many fields it changed, or has at first
    :param links: labels of the relationships whose links it changed
    :param kind: the transaction's kind ("revert", "restore", "undo", "import", "baseline", …)
    :param labels: labels of the changed fields, named by a revert of up to three
    :param target: the transaction id that a revert, restore or undo goes back to
    :param pruned: whether it is the first one only because those before it were pruned
    :return: "changed 3 fields", "created the article with 9 fields", "deleted the article",
        "reverted Body to #1173", "restored the article from #1041",
        "put back 2 fields, undoing #1180"
    """
    thing = sentence_case(model)
    if pruned:
        return _plain(
            _("left the %(thing)s as it begins here: what was before was pruned", thing=thing)
        )
    named = {
        "restore": _restored, "revert": _reverted, "undo": _undone, "baseline": _baseline,
    }.get(kind or "")  # fmt: skip
    if named is not None:
        found = named(operation, thing, labels, target)
        if found:
            return found
    if operation == Verb.CREATED and fields:
        return _plain(
            ngettext(
                "created the %(thing)s with %(num)s field",
                "created the %(thing)s with %(num)s fields",
                fields,
                thing=thing,
            )
        )
    if operation == Verb.CREATED:
        return _plain(_("created the %(thing)s", thing=thing))
    if operation == Verb.DELETED:
        return _plain(_("deleted the %(thing)s", thing=thing))
    changed = [_fields(fields)] if fields else []
    changed += [sentence_case(link) for link in links]
    if changed:
        return _plain(_("changed %(things)s", things=joined(changed)))
    return _plain(_("saved the %(thing)s", thing=thing))


def transaction_sentence(
    counts: Mapping[str, Mapping[int, int]],
    *,
    kind: str | None = None,
    target: int | str | None = None,
    plurals: Mapping[str, str] | None = None,
) -> Sentence:
    """Say what a transaction did, from counts per model and operation.

    :param counts: by model label ("Article"), the number of records by ``operation_type``
    :param kind: the transaction's kind
    :param target: the transaction id that a revert, restore or undo goes back to
    :param plurals: plurals of labels where the rules of English do not give them
    :return: "created 2 comments and changed 1 article"
    """
    phrases = []
    for verb in Verb:
        things = [
            count_of(by[verb], sentence_case(label), _many(label, plurals))
            for label, by in counts.items()
            if by.get(verb)
        ]
        if things:
            phrases.append(_(_DEEDS[verb], things=joined(things)))
    words = joined(phrases) or _("changed nothing that is recorded")
    if kind == "undo" and target is not None:
        return _parted(_("undid %(version)s: %(deeds)s"), version=target, deeds=Part(words))
    if kind in ("revert", "restore"):
        total = {label: sum(by.values()) for label, by in counts.items() if sum(by.values())}
        things = [
            count_of(number, sentence_case(label), _many(label, plurals))
            for label, number in total.items()
        ]
        what = Part(joined(things) or _("nothing"))
        if kind == "revert" and target is None:
            return _parted(_("reverted %(things)s"), things=what)
        if kind == "revert":
            return _parted(_("reverted %(things)s to %(version)s"), things=what, version=target)
        if target is None:
            return _parted(_("restored %(things)s"), things=what)
        return _parted(_("restored %(things)s from %(version)s"), things=what, version=target)
    return _plain(words)


def move_sentence(operation: int, record: str) -> Sentence:
    """Say which key the record of a version has since, or had before.

    :param operation: the version's ``operation_type``: the end of the old key or the beginning of
        the new one
    :param record: the record under its other key ("Article 12")
    :return: "Key changed to article 12", "Key was article 7"
    """
    said = _("Key changed to %(record)s") if operation == Verb.DELETED else _("Key was %(record)s")
    return _parted(said, record=Part(sentence_case(record), PartKind.RECORD))


def _reverted(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> Sentence | None:
    what = Part(thing)
    if operation == Verb.DELETED and target is None:
        return _parted(_("deleted the %(thing)s, going back"), thing=what)
    if operation == Verb.DELETED:
        said = _("deleted the %(thing)s, going back to %(version)s")
        return _parted(said, thing=what, version=target)
    if operation == Verb.CREATED:
        return _restored(operation, thing, labels, target)
    fields: tuple[Part, ...] = ()
    if 0 < len(labels) <= NAMED_FIELDS:
        fields = _strong(labels)
    elif labels:
        fields = (Part(_fields(len(labels))),)
    if fields and target is not None:
        return _parted(_("reverted %(fields)s to %(version)s"), fields=fields, version=target)
    if fields:
        return _parted(_("reverted %(fields)s"), fields=fields)
    if target is None:
        return _parted(_("reverted the %(thing)s"), thing=what)
    return _parted(_("reverted the %(thing)s to %(version)s"), thing=what, version=target)


def _restored(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> Sentence | None:
    if operation != Verb.CREATED:
        return None  # what else a restore changed is an ordinary change
    if target is None:
        return _parted(_("restored the %(thing)s"), thing=Part(thing))
    said = _("restored the %(thing)s from %(version)s")
    return _parted(said, thing=Part(thing), version=target)


def _undone(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> Sentence | None:
    if operation == Verb.CREATED:
        effect = _("brought back the %(thing)s", thing=thing)
    elif operation == Verb.DELETED:
        effect = _("deleted the %(thing)s", thing=thing)
    elif labels:
        effect = ngettext("put back %(num)s field", "put back %(num)s fields", len(labels))
    else:
        effect = _("put back the %(thing)s", thing=thing)
    if target is None:
        return _plain(effect)
    return _parted(_("%(effect)s, undoing %(version)s"), effect=Part(effect), version=target)


def _baseline(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> Sentence | None:
    return _plain(_("began the history of the %(thing)s", thing=thing))


def _fields(number: int) -> str:
    return ngettext("%(num)s field", "%(num)s fields", number)


def _strong(labels: Sequence[str]) -> tuple[Part, ...]:
    first, *rest = (Part(label, PartKind.STRONG) for label in labels)
    if not rest:
        return (first,)
    others: list[Part] = [first]
    for part in rest[:-1]:
        others += [Part(", "), part]
    said = _("%(others)s and %(last)s")
    return interleave(said, Part, others=tuple(others), last=rest[-1])


def _parted(said: str, **places: Part | tuple[Part, ...] | int | str | None) -> Sentence:
    """A said text with parts in its places; a transaction's id becomes the link to it."""
    parts = {
        name: Part(f"#{part}", PartKind.VERSION, part) if isinstance(part, (int, str)) else part
        for name, part in places.items()
        if part is not None
    }
    merged: list[Part] = []
    for part in interleave(said, Part, **parts):
        if merged and merged[-1].kind is part.kind is PartKind.TEXT:
            merged[-1] = Part(merged[-1].text + part.text)
        else:
            merged.append(part)
    return Sentence(tuple(merged))


def _many(label: str, plurals: Mapping[str, str] | None) -> str:
    return sentence_case((plurals or {}).get(label) or plural(label))


def _plain(text: str) -> Sentence:
    return Sentence((Part(text),))
