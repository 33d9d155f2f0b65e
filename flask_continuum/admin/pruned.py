"""What was pruned of a record: told where its oldest version is, and by links to what is gone."""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.exceptions import NotFound

from flask_continuum.admin.contexts import Notice, Piece
from flask_continuum.admin.errors import VersionPruned, not_found
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.pruned import pruned_version
from flask_continuum.engine.read.results import Entry, Pruned
from flask_continuum.presenters.words import _, number


def no_version(visit: Visit, subject: Subject, transaction: int) -> NotFound:
    """The answer for a version that a record, which the person may see, does not have.

    What was pruned is said to have been, with the way to what is left. Costs one statement.
    """
    gone = pruned_version(visit.session, subject.model, subject.key, transaction)
    if gone is None:
        return not_found()
    label = _("The oldest version, #%(number)s", number=gone.before)
    url = visit.links.version(subject.model, subject.key, gone.before)
    return VersionPruned(pruned_words(visit, gone), label, url)


def pruned_words(visit: Visit, gone: Pruned) -> str:
    """What was pruned and when, in a sentence."""
    moment = visit.moment(gone.at).full
    if not gone.exact:
        return _(
            "Versions before %(version)s were pruned on %(moment)s.",
            version=f"#{gone.before}",
            moment=moment,
        )
    if gone.first == gone.last:
        return _(
            "Version %(version)s was pruned on %(moment)s.",
            version=f"#{gone.first}",
            moment=moment,
        )
    return _(
        "Versions %(first)s to %(last)s, %(count)s in all, were pruned on %(moment)s.",
        count=number(gone.count),
        first=f"#{gone.first}",
        last=f"#{gone.last}",
        moment=moment,
    )


def pruned_notices(visit: Visit, entries: Iterable[Entry]) -> tuple[Notice, ...]:
    """A notice for each of the entries before which versions were pruned."""
    return tuple(
        Notice(words=(Piece(text=pruned_words(visit, each.pruned)),))
        for each in entries
        if each.pruned is not None
    )
