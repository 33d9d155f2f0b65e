"""The feed of changes over all models, and the filters that narrow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_continuum.admin.contexts import (
    ActivityPage,
    DateInput,
    Empty,
    FilterForm,
    Hidden,
    Link,
    Piece,
    TextInput,
)
from flask_continuum.admin.exporting import export_links
from flask_continuum.admin.feed_query import KINDS, OPERATION_LABELS, FeedQuery, model_of
from flask_continuum.admin.layout import Place, make_layout
from flask_continuum.admin.pages.feed import no_transactions, show_feed
from flask_continuum.admin.paging import CHANGES, make_pager
from flask_continuum.admin.people import nameless_user, person_of
from flask_continuum.admin.records import plural_of_model
from flask_continuum.admin.selects import make_select
from flask_continuum.admin.shown_fields import fields_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.counts import Author
from flask_continuum.engine.read.families import bases
from flask_continuum.engine.read.results import Page, TransactionRow
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.words import _


def build_activity(
    visit: Visit, asked: FeedQuery, feed: Page[TransactionRow], authors: Sequence[Author]
) -> ActivityPage:
    """The page of all changes.

    :param authors: whom the filter offers.
    """
    days = show_feed(visit, feed.items)
    return ActivityPage(
        layout=make_layout(
            visit,
            heading=_("Changes"),
            subtitle=(Piece(text=_("Everything that changed, newest first")),),
            actions=export_links(
                visit.access.may_export(),
                lambda **more: visit.links.activity(**asked.address, **more),
            ),
            place=Place.CHANGES,
        ),
        filter=_filter(visit, asked, authors),
        days=days,
        pager=make_pager(feed, visit.links.activity, asked.address, words=CHANGES),
        empty=None if days else _empty(visit, asked, feed.older),
    )


def _filter(visit: Visit, asked: FeedQuery, authors: Sequence[Author]) -> FilterForm:
    models = {
        visit.links.segments[each.model]: plural_of_model(each.model)
        for each in bases(visit.registry)
        if visit.access.sees_model(each.model)
    }
    versioned = model_of(visit, asked)
    choices: list[tuple[str, str, str, Mapping[str, str], str]] = [
        ("model", _("Model"), _("Any model"), models, asked.model)
    ]
    if versioned is not None:
        fields = fields_of_model(visit, versioned)
        choices.append(("field", _("Field"), _("Any field"), fields, asked.field))
    choices += [
        ("user", _("Author"), _("Anyone"), _people(authors, asked.user), asked.user),
        (
            "operation",
            _("What happened"),
            _("Anything"),
            {name: _(label) for name, label in OPERATION_LABELS.items()},
            asked.operation,
        ),
        (
            "kind",
            _("How"),
            _("Any way"),
            {name: _(kind) for name, kind in KINDS.items()},
            asked.kind,
        ),
    ]
    return FilterForm(
        action=visit.links.activity(),
        label=_("Filter changes"),
        text=TextInput(
            name="q",
            label=_("Words"),
            value=asked.q,
            placeholder=_("In reasons, names and titles"),
        ),
        selects=tuple(make_select(*each) for each in choices if each[3]),
        days=(
            DateInput(name="since", label=_("From"), value=asked.since),
            DateInput(name="until", label=_("To"), value=asked.until),
        ),
        hidden=(Hidden(name="actor", value=asked.actor),) if asked.actor else (),
        active=asked.active,
        clear_url=visit.links.activity(),
    )


def _people(authors: Sequence[Author], chosen: str) -> Mapping[str, str]:
    found = {
        encode_key((user_id,)): person_of(author.transaction).name
        for author in authors
        if (user_id := getattr(author.transaction, "user_id", None)) is not None
    }
    ordered = dict(sorted(found.items(), key=lambda pair: pair[1].casefold()))
    return (
        ordered if not chosen or chosen in ordered else {chosen: nameless_user(chosen), **ordered}
    )


def _empty(visit: Visit, asked: FeedQuery, older: str | None) -> Empty:
    if asked.active and older is not None:
        further = visit.links.activity(**asked.address, cursor=older)
        return Empty(
            heading=_("No change matches so far"),
            words=_("There are older changes to look through."),
            links=(
                Link(label=_("Look further back"), url=further),
                Link(label=_("Clear filters"), url=visit.links.activity()),
            ),
            kind="search",
        )
    if asked.active:
        return Empty(
            heading=_("No change matches"),
            words=_("Nothing in the history fits all of these filters."),
            links=(Link(label=_("Clear filters"), url=visit.links.activity()),),
            kind="search",
        )
    return no_transactions()
