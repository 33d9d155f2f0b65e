"""Who changed a record, and how many versions each of them made."""

from __future__ import annotations

from collections.abc import Sequence

from flask_continuum.admin import bounds
from flask_continuum.admin.contexts import Author
from flask_continuum.admin.people import person_of
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.counts import Author as Counted
from flask_continuum.presenters.words import _, ngettext, number, up_to


def versions_by(authors: Sequence[Counted]) -> str:
    """``12 versions by 3 authors``; where there are too many, that there are more."""
    versions, people = _sum(authors), number(len(authors))
    return _(
        "%(versions)s by %(authors)s",
        versions=ngettext(
            "%(num)s version", "%(num)s versions", versions, num=up_to(versions, bounds.COUNTED)
        ),
        authors=ngettext(
            "%(num)s author",
            "%(num)s authors",
            len(authors) + is_partial(authors),
            num=_("%(number)s or more", number=people) if is_partial(authors) else people,
        ),
    )


def show_authors(visit: Visit, subject: Subject, authors: Sequence[Counted]) -> tuple[Author, ...]:
    """Authors, each with a part of the record's versions."""
    total = min(_sum(authors), bounds.COUNTED)
    most = max((author.count for author in authors), default=0)
    return tuple(
        Author(
            person=person_of(author.transaction),
            count=author.count,
            most=most,
            label=_share(min(author.count, bounds.COUNTED), total, partial=is_partial(authors)),
            url=visit.links.record(subject.model, subject.key, user=str(user_id))
            if (user_id := getattr(author.transaction, "user_id", None)) is not None
            else None,
        )
        for author in authors
    )


def _share(count: int, total: int, *, partial: bool) -> str:
    if partial:
        return _(
            "%(number)s of the newest %(all)s versions", number=number(count), all=number(total)
        )
    return ngettext(
        "%(number)s of %(num)s version",
        "%(number)s of %(num)s versions",
        total,
        number=number(count),
    )


def _sum(authors: Sequence[Counted]) -> int:
    return sum(author.count for author in authors)


def is_partial(authors: Sequence[Counted]) -> bool:
    """Whether the record has more versions than were counted."""
    return _sum(authors) > bounds.COUNTED
