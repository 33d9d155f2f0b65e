"""The plan of a revert or of a restoration, and its refusal when it has gone stale."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_continuum.admin.choices import BASE, FIELD, PLAN, RELATION, Choices, tick_query
from flask_continuum.admin.contexts import (
    Commit,
    Crumb,
    Empty,
    Fact,
    Hidden,
    Link,
    Piece,
    PlanField,
    RecordRef,
    RevertPage,
)
from flask_continuum.admin.csrf import make_token
from flask_continuum.admin.layout import make_layout, record_crumbs
from flask_continuum.admin.pages.inputs import NO_ERRORS, show_inputs
from flask_continuum.admin.pages.plan import cannot_items, reason_of, show_relations, show_steps
from flask_continuum.admin.pages.stale import Between, build_stale
from flask_continuum.admin.people import person_of
from flask_continuum.admin.plans import stuck_with
from flask_continuum.admin.records import operation_of
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wanted import Wanted, locked_fields
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.revert.fields import restorable
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import Action, RecordPlan
from flask_continuum.presenters.labels import sentence_case
from flask_continuum.presenters.words import N_, _, ngettext


@dataclass(frozen=True, slots=True)
class Words:
    """How a plan speaks of what it does.

    :ivar done: what is said when it has been done; marked only, to be said with the record.
    """

    crumb: str
    done: str
    heading: str
    button: str
    leave: str


def words_of(record: RecordRef, action: Action, number: int) -> Words:
    """The words for a plan.

    :param number: the transaction that the record goes back to.
    """
    name = sentence_case(record.name)
    if action is Action.RECREATE:
        restore = _("Restore %(record)s", record=name)
        return Words(
            crumb=_("Restore"),
            done=N_("%(record)s was restored."),
            heading=restore,
            button=restore,
            leave=_("Leave without restoring"),
        )
    if action is Action.DELETE:
        return Words(
            crumb=_("Delete"),
            done=N_("%(record)s was deleted."),
            heading=_("Delete %(record)s again", record=name),
            button=_("Delete %(record)s", record=name),
            leave=_("Leave without deleting"),
        )
    return Words(
        crumb=_("Revert"),
        done=N_("%(record)s was reverted."),
        heading=_("Revert to %(version)s", version=f"#{number}"),
        button=_("Revert %(record)s", record=name),
        leave=_("Leave without reverting"),
    )


def build_revert(
    visit: Visit,
    subject: Subject,
    plan: Plan,
    version: Any,
    choices: Choices,
    wanted: Sequence[Wanted],
    *,
    newest: Entry | None,
    errors: Mapping[str, str] = NO_ERRORS,
    error: str | None = None,
) -> RevertPage:
    """The page of a plan.

    :param plan: with only what the person may do.
    :param version: the one that the record goes back to.
    :param wanted: the values that may be typed in.
    :param newest: the newest change of the record, for the link that ticks only that.
    :param errors: what is wrong with what was typed in, by the names of the values.
    :param error: why the last attempt was not accepted.
    """
    part, transaction = plan.records[0], version.transaction
    record = subject.refer(visit)
    words = words_of(record, part.action, transaction.id)
    url = visit.links.revert(subject.model, subject.key, transaction.id)
    locked = locked_fields(wanted, part)
    fields = _fields(visit, subject, part, choices, locked)
    asked = {each.name for each in wanted}
    stuck = stuck_with(visit, part)
    cannot = cannot_items(
        subject.versioned,
        [each for each in part.impossible if not each.blocks or each.key not in asked],
    )
    relations = show_relations(
        visit,
        subject.versioned,
        plan,
        part.relations,
        {step.id: choices.ticks_relation(step.id, step.ticked) for step in part.relations},
        name=RELATION,
    )
    nothing = part.action is Action.CHANGE and not fields and not relations
    return RevertPage(
        layout=make_layout(
            visit,
            heading=words.heading,
            title=f"{words.heading}, {record.label}",
            crumbs=record_crumbs(
                visit,
                subject.model,
                record,
                Crumb(
                    label=f"#{transaction.id}",
                    url=visit.links.version(subject.model, subject.key, transaction.id),
                ),
                Crumb(label=words.crumb),
            ),
            subtitle=_subtitle(visit, record, version, part.action),
            actions=_compare(visit, subject, transaction, part.action),
        ),
        record=record,
        kind={Action.RECREATE: "restore", Action.DELETE: "delete"}.get(part.action, "revert"),
        fields=fields,
        fields_note=_("as it comes back") if part.action is Action.RECREATE else _("now → then"),
        relations=relations,
        cannot=cannot,
        ticks=_ticks(visit, subject, part, transaction, newest, locked),
        unchanged=_unchanged(subject, part, len(fields)),
        commit=Commit(
            heading=_("Nothing has changed yet"),
            action=url,
            hidden=_hidden(plan, part, choices),
            button=words.button,
            facts=(Fact(label=_("Cannot come back"), value=(Piece(text=str(len(cannot))),)),)
            if cannot
            else (),
            note=_("This writes a new transaction and deletes no history. You can undo it."),
            leave=Link(label=words.leave, url=visit.links.record(subject.model, subject.key)),
            reason=choices.reason,
            reason_hint=_(
                "Shown on the timeline, for everyone who may see the %(thing)s.",
                thing=sentence_case(record.model_label),
            ),
            error=error or " ".join(reason_of(each) for each in stuck) or None,
            disabled=nothing or bool(stuck),
        ),
        inputs=show_inputs(visit, plan, wanted, choices.values, errors),
        empty=Empty(
            heading=_("Nothing to bring back"),
            words=_("In everything that you may change, the record is now as it was then."),
            links=(Link(label=_("Back to the timeline"), url=record.url or url),),
        )
        if nothing
        else None,
    )


def build_refused(
    visit: Visit,
    subject: Subject,
    page: RevertPage,
    entries: Sequence[Entry],
    choices: Choices,
) -> RevertPage:
    """The same page when the plan it was made from is no longer true: what happened since.

    :param entries: what changed in between, newest first.
    """
    name = sentence_case(page.record.model_label)
    between = Between(subject.versioned, entries, subject.live, choices.fields)
    stale = build_stale(
        visit,
        [between],
        page.commit,
        _("Not done: the %(thing)s changed while you were reading", thing=name),
        _("Nothing of yours has been applied; your ticks and your reason are kept."),
        choices.hidden(),
    )
    # one way on, and no other
    return replace(page, layout=replace(page.layout, actions=()), stale=stale)


def _fields(
    visit: Visit, subject: Subject, part: RecordPlan, choices: Choices, locked: Collection[str]
) -> tuple[PlanField, ...]:
    live = subject.live if part.action is Action.CHANGE else None
    recreated = part.action is Action.RECREATE
    # What was empty comes back empty without being asked for.
    steps = [step for step in part.fields if not recreated or step.then is not None]
    return tuple(
        PlanField(
            id=f"plan-field-{place}",
            name=FIELD,
            value=step.key,
            field=view,
            ticked=step.key not in locked and choices.ticks_field(step.key),
            disabled=step.key in locked,
            stays=_("Stays empty") if recreated else _("Stays as it is"),
        )
        for place, (step, view) in enumerate(
            show_steps(visit, subject.versioned, live, steps, origin=part.version)
        )
    )


def _hidden(plan: Plan, part: RecordPlan, choices: Choices) -> tuple[Hidden, ...]:
    token = make_token()
    return (
        Hidden(name=token.name, value=token.value),
        Hidden(name=PLAN, value=plan.fingerprint),
        Hidden(name=BASE, value="" if part.base is None else str(part.base)),
        *choices.hidden_next(),
    )


def _ticks(
    visit: Visit,
    subject: Subject,
    part: RecordPlan,
    transaction: Any,
    newest: Entry | None,
    locked: Collection[str],
) -> tuple[Link, ...]:
    if len(part.fields) < 2:
        return ()

    def link(label: str, fields: Collection[str], relations: Collection[str]) -> Link:
        query = tick_query(fields, relations)
        url = visit.links.revert(subject.model, subject.key, transaction.id, **query)
        return Link(label=label, url=url)

    keys = {step.key for step in part.fields}.difference(locked)
    kept = {step.id for step in part.relations if step.ticked}
    links = [link(_("all"), keys, kept), link(_("none"), (), ())]
    if newest is not None and newest.transaction.id > transaction.id:
        changed = keys & {change.key for change in newest.fields}
        if changed and changed != keys:
            label = _("only what %(version)s changed", version=f"#{newest.transaction.id}")
            links.append(link(label, changed, ()))
    return tuple(links)


def _unchanged(subject: Subject, part: RecordPlan, shown: int) -> str:
    if part.action is not Action.CHANGE:
        return ""
    impossible = {each.key for each in part.impossible}
    rest = [key for key in restorable(subject.versioned) if key not in impossible]
    same = len(rest) - shown
    if same <= 0:
        return ""
    return ngettext(
        "%(num)s more field is the same now as then.",
        "%(num)s more fields are the same now as then.",
        same,
    )


def _subtitle(visit: Visit, record: RecordRef, version: Any, action: Action) -> tuple[Piece, ...]:
    name = person_of(version.transaction).name
    when = visit.moment(version.transaction.issued_at).full
    start = (Piece(text=record.name), Piece(text="" if record.placeholder else ", "))
    title = Piece(text="" if record.placeholder else record.label, url=record.url)
    if action is Action.DELETE:
        rest = _("deleted again as %(person)s did on %(moment)s", person=name, moment=when)
    elif operation_of(version) is Operation.DELETE:
        rest = _("as it was before %(person)s deleted it on %(moment)s", person=name, moment=when)
    else:
        rest = _("back to what %(person)s saved on %(moment)s", person=name, moment=when)
    return (*start, title, Piece(text=f", {rest}"))


def _compare(visit: Visit, subject: Subject, transaction: Any, action: Action) -> tuple[Link, ...]:
    if action is not Action.CHANGE:
        return ()
    query = {"from": str(transaction.id), "to": "now"}
    url = visit.links.compare(subject.model, subject.key, **query)
    return (Link(label=_("Compare instead"), url=url),)
