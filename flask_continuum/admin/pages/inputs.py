"""The inputs of a plan: values that people type in, with why they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from flask_continuum.admin import shapes
from flask_continuum.admin.choices import VALUE
from flask_continuum.admin.contexts import Choice, Piece, PlanInput
from flask_continuum.admin.pages.plan import refer_to_planned
from flask_continuum.admin.plans import Lives, load_holders, load_lives
from flask_continuum.admin.records import refer_to_related
from flask_continuum.admin.typed import Kind
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wanted import Wanted
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import Action
from flask_continuum.presenters.labels import humanise, sentence_case
from flask_continuum.presenters.values import display
from flask_continuum.presenters.words import _, joined

NO_ERRORS: Mapping[str, str] = MappingProxyType({})


def show_inputs(
    visit: Visit,
    plan: Plan,
    wanted: Sequence[Wanted],
    texts: Mapping[str, str],
    errors: Mapping[str, str],
) -> tuple[PlanInput, ...]:
    """The inputs for what a plan asks for, with what was typed in.

    :param texts: what was typed in, by the names of the values.
    :param errors: what is wrong with it, by the same names.
    """
    if not wanted:
        return ()
    lives = load_lives(visit, [each.record for each in wanted])
    holders = load_holders(visit, plan)
    several = len(plan.records) > 1
    return tuple(
        PlanInput(
            id=f"value-{place}",
            name=f"{VALUE}{each.name}",
            label=_label(visit, each, lives, named=several or bool(each.root)),
            kind=each.typed.kind.value,
            value=texts.get(each.name, ""),
            words=_words(visit, each, holders),
            hint=_hint(visit, each),
            error=errors.get(each.name),
            choices=_choices(each, texts.get(each.name, "")),
            required=each.required and each.record.via is None and not several,
            step=each.typed.step,
            longest=each.typed.longest,
        )
        for place, each in enumerate(wanted)
    )


def _label(visit: Visit, wanted: Wanted, lives: Lives, *, named: bool) -> str:
    record = wanted.record
    versioned = visit.registry.of(record.model)
    label = humanise(shapes.reference_of_field(versioned).get(wanted.key, wanted.key))
    if not named:
        return label
    reference = refer_to_planned(visit, versioned, record, lives.get((record.model, record.key)))
    name = sentence_case(reference.name)
    if reference.placeholder:
        return _("%(field)s of %(record)s", field=label, record=name)
    return _(
        "%(field)s of %(record)s, “%(title)s”", field=label, record=name, title=reference.label
    )


def _words(visit: Visit, wanted: Wanted, holders: Lives) -> tuple[Piece, ...]:
    taken = wanted.taken
    if taken is None:
        return pieces(_("The history does not have it, and it cannot be empty."))
    then = {step.key: step.then for step in wanted.record.fields}
    values = [f"“{display(then[key], visit.view).text}”" for key in taken.fields if key in then]
    what = Piece(text=joined(values))
    live = holders.get(taken.holder)
    holder = None if live is None else refer_to_related(visit, live)
    if holder is None:
        return pieces(_("It has to be unique, and %(values)s is not free."), values=what)
    name = Piece(text=holder.name, url=holder.url)
    if holder.placeholder:
        said = _("%(record)s has %(values)s by now, and no two may.")
        return pieces(said, record=name, values=what)
    said = _("%(record)s, “%(title)s”, has %(values)s by now, and no two may.")
    return pieces(said, record=name, title=Piece(text=holder.label), values=what)


def _hint(visit: Visit, wanted: Wanted) -> str:
    references = shapes.reference_of_field(visit.registry.of(wanted.record.model))
    hints = [wanted.typed.hint]
    if wanted.key in references:
        hints.append(_("The key of the record, such as 42."))
    if len(wanted.new_fields) > 1:
        hints.append(_("Another value for one of these fields is enough."))
    elif not wanted.required and wanted.record.action is Action.CHANGE:
        hints.append(_("Left empty, the field stays as it is."))
    elif not wanted.required:
        hints.append(_("Left empty, the field is left out."))
    return " ".join(filter(None, hints))


def _choices(wanted: Wanted, text: str) -> tuple[Choice, ...]:
    if wanted.typed.kind is not Kind.CHOICE:
        return ()
    none = Choice(value="", label=_("Choose one"), selected=not text)
    return (
        none,
        *(
            Choice(value=value, label=label, selected=value == text)
            for value, label in wanted.typed.choices
        ),
    )
