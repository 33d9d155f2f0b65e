"""What a person has ticked on a plan, read from a form or an address, and written into them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from flask import request
from werkzeug.datastructures import MultiDict

from flask_continuum.admin.contexts import Hidden
from flask_continuum.presenters.characters import visible

MARKER = "chosen"
RECORD, RESOLVE, BEFORE, NOW, BOTH = "record", "resolve", "before", "now", "both"
VALUE = "value-"
"""What the names of inputs begin with that take a value."""
FIELD, RELATION, REASON, BASE, PLAN, NEXT = "field", "relation", "reason", "base", "plan", "next"
LONGEST_REASON = 2000
REVIEW = "review"
"""The input of a form that asks for the plan with what was chosen, and for nothing else."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Ticks and reason.

    :ivar chosen: the ticks are the person's own; otherwise those of the plan hold.
    :ivar values: what was typed in, by the names that the plan's ``values`` have.
    """

    chosen: bool
    fields: frozenset[str]
    relations: frozenset[str]
    reason: str
    next_url: str
    values: Mapping[str, str] = field(default_factory=dict)

    def ticks_field(self, name: str, by_default: bool = True) -> bool:
        """Is this field ticked?"""
        return name in self.fields if self.chosen else by_default

    def ticks_relation(self, name: str, by_default: bool) -> bool:
        """Is this relation step ticked?"""
        return name in self.relations if self.chosen else by_default

    def hidden(self) -> tuple[Hidden, ...]:
        """Hidden inputs that send all of it on."""
        return (
            Hidden(name=MARKER, value="1"),
            *(Hidden(name=FIELD, value=value) for value in sorted(self.fields)),
            *(Hidden(name=RELATION, value=value) for value in sorted(self.relations)),
            *_hidden_values(self.values),
            Hidden(name=REASON, value=self.reason),
            *self.hidden_next(),
        )

    def hidden_next(self) -> tuple[Hidden, ...]:
        """The hidden input with the page to go to afterwards, where one was asked for."""
        return (Hidden(name=NEXT, value=self.next_url),) if self.next_url else ()


def read_choices() -> Choices:
    """The choices in the running request: of its form for a POST, else of its address."""
    sent: MultiDict[str, str] = request.form if request.method == "POST" else request.args
    return Choices(
        chosen=request.method == "POST" or sent.get(MARKER) == "1",
        fields=frozenset(sent.getlist(FIELD)),
        relations=frozenset(sent.getlist(RELATION)),
        reason=_reason(sent),
        next_url=sent.get(NEXT, ""),
        values=_read_values(sent),
    )


@dataclass(frozen=True, slots=True)
class UndoChoices:
    """Ticks, decisions and reason on the plan of an undo.

    :ivar records: places of the records that go back.
    :ivar decided: by the name of a conflict, BEFORE or BOTH; those left out stay as they are now.
    :ivar values: what was typed in, by the names that the plan's ``values`` have.
    """

    chosen: bool
    records: frozenset[str]
    relations: frozenset[str]
    decided: Mapping[str, str]
    reason: str
    values: Mapping[str, str] = field(default_factory=dict)

    def ticks_record(self, place: int) -> bool:
        """Does this record go back?"""
        return str(place) in self.records if self.chosen else True

    def ticks_relation(self, name: str, by_default: bool) -> bool:
        """Is this relation step ticked?"""
        return name in self.relations if self.chosen else by_default

    def decision(self, place: int, field: str = "") -> str:
        """How a conflict of a field, or of a record as a whole, is decided."""
        return self.decided.get(name_of_conflict(place, field), NOW)

    def hidden(self) -> tuple[Hidden, ...]:
        """Hidden inputs that send all of it on."""
        return (
            Hidden(name=MARKER, value="1"),
            *(Hidden(name=RECORD, value=value) for value in sorted(self.records)),
            *(Hidden(name=RELATION, value=value) for value in sorted(self.relations)),
            *(Hidden(name=name, value=value) for name, value in sorted(self.decided.items())),
            *_hidden_values(self.values),
            Hidden(name=REASON, value=self.reason),
        )


def _reason(sent: MultiDict[str, str]) -> str:
    # what cannot be seen stays visible: not every database takes a NUL
    return visible(sent.get(REASON, "").strip()[:LONGEST_REASON])


def asks_for_review() -> bool:
    """True when the running POST wants to see the plan, and nothing done."""
    return REVIEW in request.form


def name_of_conflict(place: int, field: str = "") -> str:
    """The name of the inputs that decide a conflict: of a field, or of a record as a whole."""
    return f"{RESOLVE}-{place}-{field}"


def read_undo_choices() -> UndoChoices:
    """The choices in the running request, as :func:`read_choices` does it for one record."""
    sent: MultiDict[str, str] = request.form if request.method == "POST" else request.args
    return UndoChoices(
        chosen=request.method == "POST" or sent.get(MARKER) == "1",
        records=frozenset(sent.getlist(RECORD)),
        relations=frozenset(sent.getlist(RELATION)),
        decided={
            name: value
            for name, value in sent.items()
            if name.startswith(f"{RESOLVE}-") and value in (BEFORE, BOTH)
        },
        reason=_reason(sent),
        values=_read_values(sent),
    )


def _read_values(sent: MultiDict[str, str]) -> Mapping[str, str]:
    return {
        name.removeprefix(VALUE): text
        for name, text in sent.items()
        if name.startswith(VALUE) and text
    }


def _hidden_values(values: Mapping[str, str]) -> Iterator[Hidden]:
    return (Hidden(name=f"{VALUE}{name}", value=values[name]) for name in sorted(values))


def tick_query(fields: Collection[str], relations: Collection[str]) -> dict[str, list[str] | str]:
    """The query of an address that ticks these steps and no others."""
    return {MARKER: "1", FIELD: sorted(fields), RELATION: sorted(relations)}
