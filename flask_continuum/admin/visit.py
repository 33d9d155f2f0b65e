"""One request to the history: who asks, in which session, and how they see dates and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.admin.access import Access
from flask_continuum.admin.contexts import Moment
from flask_continuum.admin.links import Links, make_links
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.read.search import label_attributes
from flask_continuum.engine.registry import Registry, VersionedClass
from flask_continuum.engine.unreadable import Unreadable
from flask_continuum.presenters import dates
from flask_continuum.presenters.budget import Budget
from flask_continuum.presenters.values import View
from flask_continuum.state import State


@dataclass(frozen=True, slots=True)
class Visit:
    """What views and page builders need to know in one request.

    :ivar now: the instant of the request, in UTC.
    :ivar zone: the time zone in which this person sees dates.
    :ivar view: how they see values.
    :ivar budget: the time that all comparisons of the page share.
    :ivar origins: the numbers of undone transactions that the page names, by address.
    """

    state: State
    session: Session
    access: Access
    links: Links
    now: datetime
    zone: tzinfo
    view: View
    budget: Budget
    origins: dict[str, int] = field(default_factory=dict)
    _masks: dict[tuple[Any, ...], tuple[Mapping[str, str], Any, tuple[Any, ...]]] = field(
        default_factory=dict
    )

    @property
    def registry(self) -> Registry:
        """What is versioned."""
        registry: Registry = self.state.manager.registry
        return registry

    @property
    def today(self) -> date:
        """The date where the person is."""
        return self.now.astimezone(self.zone).date()

    @property
    def page_size(self) -> int:
        """How many rows a page lists."""
        return self.state.settings.page_size

    def masks(
        self, versioned: VersionedClass, *, record: Any = None, versions: tuple[Any, ...] = ()
    ) -> Mapping[str, str]:
        """Why each hidden field of a record is hidden; the policy is asked once for each state."""
        asked = (versioned.model, id(record), *(id(version) for version in versions))
        if asked not in self._masks:
            found = self.access.masks(versioned, record=record, versions=versions)
            # The objects are kept with it: only while they live is an id theirs alone.
            self._masks[asked] = (found, record, versions)
        return self._masks[asked][0]

    def searchable(self, versioned: VersionedClass) -> tuple[str, ...]:
        """The attributes of a model that a search by this person may look into."""
        hidden = self.masks(versioned)
        if not self.access.sees_model(versioned.model):
            return ()
        return tuple(key for key in label_attributes(versioned) if key not in hidden)

    def moment(self, instant: datetime) -> Moment:
        """An instant beside other things: ``today, 14:02`` or ``3 Mar 2026, 10:20``."""
        return self._moment(instant, under_day=False)

    def clock(self, instant: datetime) -> Moment:
        """An instant under the heading of its day: ``14:02``."""
        return self._moment(instant, under_day=True)

    def _moment(self, instant: datetime, *, under_day: bool) -> Moment:
        seen = dates.moment(instant, self.now, self.zone)
        return Moment(
            words=seen.clock if under_day else seen.text,
            full=f"{seen.full} {seen.zone}".rstrip(),
            iso=seen.iso,
            title=seen.title,
        )


def open_visit(state: State, session: Session) -> Visit:
    """What is known at the beginning of a request.

    :param session: which the page reads by.
    """
    user = state.current_user()
    zone = state.settings.zone_for(user)
    return Visit(
        state=state,
        session=session,
        access=Access(user, state.policy),
        links=make_links(state.manager.registry),
        now=datetime.now(UTC),
        zone=zone,
        view=View(zone=zone, not_recorded=NOT_RECORDED, unreadable=Unreadable, erased=Erased),
        budget=Budget(state.settings.diff_budget_ms / 1000),
    )
