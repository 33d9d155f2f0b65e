"""Two states of a record beside each other."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.gate import page
from flask_continuum.admin.moments import transactions_of
from flask_continuum.admin.pages.compare import NOW, End, Shown, build_compare
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import Subject, find_record, read_number, see_version
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read import changes
from flask_continuum.engine.read.navigation import previous, version_at
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.words import _


@page
def compare(visit: Visit, model: str, key: str) -> ResponseReturnValue:
    """Show what differs between two versions, or a version and now."""
    subject = find_record(visit, model, key)
    new = _end(visit, subject, "to") or _now(subject)
    old = _end(visit, subject, "from") or _before(visit, subject, new)
    shown = Shown(
        inline=request.args.get("layout") == "inline",
        everything=request.args.get("show") == "all",
    )
    comparison = changes.compare(visit.session, old.thing, new.thing)
    transactions = transactions_of(visit, subject, limit=visit.page_size)
    return show(
        "compare",
        build_compare(visit, subject, old, new, comparison, transactions, shown),
    )


def _end(visit: Visit, subject: Subject, name: str) -> End | None:
    asked = request.args.get(name)
    if asked == NOW:
        return _now(subject)
    number = read_number(asked, name)
    if number is None:
        return None
    values = dict(zip(subject.versioned.key_attributes, subject.key, strict=True))
    version = version_at(visit.session, subject.versioned.version_class, values, number)
    if version is None:
        raise bad_request(_("This record has no version at %(id)s or before it.", id=f"#{number}"))
    see_version(visit, subject, version)
    return End(str(number), version, version)


def _now(subject: Subject) -> End:
    live = subject.live if subject.live is not None else subject.newest
    return End(NOW, live, subject.newest)


def _before(visit: Visit, subject: Subject, new: End) -> End:
    """The side that nobody named: the version before the other one, if there is one."""
    version = previous(visit.session, new.version)
    if version is None:
        return new
    see_version(visit, subject, version)
    return End(str(entry_transaction_id(version)), version, version)
