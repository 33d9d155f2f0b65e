"""Sentences that say what an entry or a transaction did, in parts that templates can link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from .labels import count_of, plural, sentence_case

#: Field names that a sentence spells out before it counts the rest.
NAMED_FIELDS = 3


class Verb(IntEnum):
    """What happened to a record; the numbers are those of ``operation_type``."""

    CREATED = 0
    CHANGED = 1
    DELETED = 2


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
) -> Sentence:
    """Say what one entry of a timeline did.

    :param operation: the version's ``operation_type``
    :param model: the model's label ("Article")
    :param fields: how many fields it changed, or has at first
    :param links: labels of the relationships whose links it changed
    :param kind: the transaction's kind ("revert", "restore", "undo", "import", "baseline", …)
    :param labels: labels of the changed fields, named by a revert of up to three
    :param target: the transaction id that a revert, restore or undo goes back to
    :return: "changed 3 fields", "created the article with 9 fields", "deleted the article",
        "reverted Body to #1173", "restored the article from #1041",
        "put back 2 fields, undoing #1180"
    """
    thing = sentence_case(model)
    named = {
        "restore": _restored, "revert": _reverted, "undo": _undone, "baseline": _baseline,
    }.get(kind or "")  # fmt: skip
    if named is not None:
        parts = named(operation, thing, labels, target)
        if parts:
            return Sentence(parts)
    if operation == Verb.CREATED:
        more = f" with {count_of(fields, 'field')}" if fields else ""
        return _plain(f"created the {thing}{more}")
    if operation == Verb.DELETED:
        return _plain(f"deleted the {thing}")
    changed = [count_of(fields, "field")] if fields else []
    changed += [sentence_case(link) for link in links]
    return _plain(f"changed {joined(changed)}" if changed else f"saved the {thing}")


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
            phrases.append(f"{verb.name.lower()} {joined(things)}")
    words = joined(phrases) or "changed nothing that is recorded"
    if kind == "undo" and target is not None:
        return Sentence((Part("undid "), _version(target), Part(f": {words}")))
    if kind in ("revert", "restore"):
        verb_text = "reverted" if kind == "revert" else "restored"
        total = {label: sum(by.values()) for label, by in counts.items() if sum(by.values())}
        things = [
            count_of(number, sentence_case(label), _many(label, plurals))
            for label, number in total.items()
        ]
        start = Part(f"{verb_text} {joined(things) or 'nothing'}")
        if target is None:
            return Sentence((start,))
        link = " to " if kind == "revert" else " from "
        return Sentence((start, Part(link), _version(target)))
    return _plain(words)


def move_sentence(operation: int, record: str) -> Sentence:
    """Say which key the record of a version has since, or had before.

    :param operation: the version's ``operation_type``: the end of the old key or the beginning of
        the new one
    :param record: the record under its other key ("Article 12")
    :return: "Key changed to article 12", "Key was article 7"
    """
    start = "Key changed to " if operation == Verb.DELETED else "Key was "
    return Sentence((Part(start), Part(sentence_case(record), PartKind.RECORD)))


def joined(words: Sequence[str]) -> str:
    """Join words as a list in a sentence: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _reverted(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> tuple[Part, ...]:
    if operation == Verb.DELETED:
        return (Part(f"deleted the {thing}, going back"), *_link(" to ", target))
    if operation == Verb.CREATED:
        return _restored(operation, thing, labels, target)
    what: tuple[Part, ...] = (Part(f"the {thing}"),)
    if 0 < len(labels) <= NAMED_FIELDS:
        what = _strong(labels)
    elif labels:
        what = (Part(count_of(len(labels), "field")),)
    return (Part("reverted "), *what, *_link(" to ", target))


def _restored(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> tuple[Part, ...]:
    if operation != Verb.CREATED:
        return ()  # what else a restore changed is an ordinary change
    return (Part(f"restored the {thing}"), *_link(" from ", target))


def _undone(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> tuple[Part, ...]:
    effect = {
        Verb.CREATED: f"brought back the {thing}",
        Verb.CHANGED: f"put back {count_of(len(labels), 'field') if labels else f'the {thing}'}",
        Verb.DELETED: f"deleted the {thing}",
    }[Verb(operation)]
    return (Part(effect), *_link(", undoing ", target))


def _baseline(
    operation: int, thing: str, labels: Sequence[str], target: int | str | None
) -> tuple[Part, ...]:
    return (Part(f"began the history of the {thing}"),)


def _strong(labels: Sequence[str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for number, label in enumerate(labels):
        if number:
            parts.append(Part(" and " if number == len(labels) - 1 else ", "))
        parts.append(Part(label, PartKind.STRONG))
    return tuple(parts)


def _link(word: str, target: int | str | None) -> tuple[Part, ...]:
    return () if target is None else (Part(word), _version(target))


def _version(target: int | str) -> Part:
    return Part(f"#{target}", PartKind.VERSION, target)


def _many(label: str, plurals: Mapping[str, str] | None) -> str:
    return sentence_case((plurals or {}).get(label) or plural(label))


def _plain(text: str) -> Sentence:
    return Sentence((Part(text),))
