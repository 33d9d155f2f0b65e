"""The list of a model's records: what its address asks for, and the page around the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_continuum.admin.contexts import (
    Empty,
    FilterForm,
    Hidden,
    Link,
    ModelPage,
    MomentBanner,
    MomentForm,
    Piece,
    Tab,
    TextInput,
)
from flask_continuum.admin.contexts import RecordRow as ShownRow
from flask_continuum.admin.exporting import export_links
from flask_continuum.admin.layout import Place, make_layout, model_crumbs
from flask_continuum.admin.paging import RECORDS, make_pager
from flask_continuum.admin.past import AsOf
from flask_continuum.admin.records import plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import Page, RecordRow
from flask_continuum.presenters.labels import sentence_case
from flask_continuum.presenters.words import _


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the address of a model's list asks for.

    :ivar as_of: the moment of the list; ``None`` is now.
    """

    model: type[Any]
    deleted: bool = False
    search: str = ""
    as_of: AsOf | None = None

    @property
    def tab(self) -> dict[str, str]:
        """Whether it is the list of what is deleted, as the address says it."""
        return {"deleted": "1"} if self.deleted else {}

    @property
    def filters(self) -> dict[str, str]:
        """All but the moment: what stays on the way to another one."""
        return self.tab | ({"q": self.search} if self.search else {})

    @property
    def moment(self) -> dict[str, str]:
        """The moment, as the address says it."""
        return {} if self.as_of is None else self.as_of.query


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the list of now and the list of a moment say differently.

    :ivar tabs: the words of both tabs, and how many records each has, where that is known.
    :ivar find: what may be searched for.
    """

    caption: str
    tabs: tuple[tuple[str, str | None], tuple[str, str | None]]
    find: str
    rows: tuple[ShownRow, ...]
    empty: Empty
    subtitle: tuple[Piece, ...] = ()
    title: str | None = None
    actions: tuple[Link, ...] = ()
    banner: MomentBanner | None = None
    travel: MomentForm | None = None


def build_list(visit: Visit, asked: ListQuery, found: Page[RecordRow], frame: Frame) -> ModelPage:
    """The page of a model's records.

    :param found: the rows, of which the frame shows those that may be seen.
    """
    model, plural = asked.model, plural_of_model(asked.model)
    query = asked.filters | asked.moment

    def url_of(**more: str) -> str:
        return visit.links.model(model, **more)

    return ModelPage(
        layout=make_layout(
            visit,
            heading=plural,
            title=frame.title,
            crumbs=model_crumbs(visit, model, here=True),
            subtitle=frame.subtitle,
            tabs=_tabs(visit, asked, frame),
            tabs_label=plural,
            actions=(
                *frame.actions,
                *export_links(
                    visit.access.may_export(model), lambda **more: url_of(**query, **more)
                ),
            ),
            place=Place.RECORDS,
        ),
        filter=FilterForm(
            action=url_of(),
            label=_("Find %(models)s", models=sentence_case(plural)),
            text=TextInput(name="q", label=frame.find, value=asked.search),
            hidden=tuple(
                Hidden(name=name, value=value) for name, value in (asked.tab | asked.moment).items()
            ),
            active=bool(asked.search),
            clear_url=url_of(**asked.tab, **asked.moment),
        ),
        caption=frame.caption,
        deleted=asked.deleted,
        rows=frame.rows,
        pager=make_pager(found, url_of, query, words=RECORDS),
        empty=None if frame.rows else _further(found.older, url_of, query) or frame.empty,
        banner=frame.banner,
        travel=frame.travel,
    )


def _further(
    older: str | None, url_of: Callable[..., str], query: Mapping[str, str]
) -> Empty | None:
    """What an empty page says that others follow: so many changes hid no record of this list."""
    if older is None:
        return None
    return Empty(
        heading=_("Nothing found so far"),
        words=_("There are older changes to look through."),
        links=(Link(label=_("Look further back"), url=url_of(**query, cursor=older)),),
        kind="search",
    )


def _tabs(visit: Visit, asked: ListQuery, frame: Frame) -> tuple[Tab, ...]:
    return tuple(
        Tab(
            label=label,
            url=visit.links.model(
                asked.model, **({"deleted": "1"} if deleted else {}), **asked.moment
            ),
            current=deleted == asked.deleted,
            count=count,
        )
        for deleted, (label, count) in zip((False, True), frame.tabs, strict=True)
    )
