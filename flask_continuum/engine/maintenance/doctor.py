"""``doctor``: could history be missed? Looks at models, sessions and databases, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session, registry, scoped_session

from flask_continuum.engine.maintenance.checkup.databases import check_database
from flask_continuum.engine.maintenance.checkup.models import check_models
from flask_continuum.engine.maintenance.checkup.symptoms import (
    Diagnosis,
    Severity,
    Symptom,
    SymptomKind,
)
from flask_continuum.engine.maintenance.checkup.tables import check_tables, read_tables
from flask_continuum.engine.maintenance.checkup.triggers import check_triggers
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.setup import manager_or_default


def doctor(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    registries: Iterable[registry] = (),
) -> Diagnosis:
    """Look for everything that could make history be missed, or fail.

    :func:`verify` tells whether the history that there is is right; this tells whether what comes
    will be recorded.

    :param session: reads; its databases are the ones that are looked at. For an ``AsyncSession``,
        ``await session.run_sync(doctor, manager)``.
    :param manager: whose history is meant; without it, that of ``make_versioned``. With Flask,
        ``continuum.manager``.
    :param registries: where classes are looked for that are marked and not versioned, beside
        those of the versioned ones: ``[db.Model.registry]`` with Flask-SQLAlchemy.
    :returns: the symptoms, each with kind, subject and words.
    :raises ImproperlyConfigured: when no manager is given and ``make_versioned`` has none.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    """
    manager = manager_or_default(manager)
    found = places(session, manager)
    symptoms = [
        *_check_session(session, manager),
        *check_models(manager.registry, _mappers(manager, registries)),
        *(symptom for place in found for symptom in _check_place(place)),
    ]
    severities = list(Severity)
    symptoms.sort(key=lambda each: (severities.index(each.kind.severity), each.subject))
    tables = tuple(table.live.fullname for place in found for table in place.tables)
    return Diagnosis(tuple(symptoms), tables)


def _check_place(place: Place) -> Iterator[Symptom]:
    tables = read_tables(place)
    yield from check_tables(tables)
    yield from check_triggers(tables)
    yield from check_database(tables)


def _check_session(
    session: Session | scoped_session[Any], manager: VersioningManager
) -> Iterator[Symptom]:
    own: Any = session() if isinstance(session, scoped_session) else session
    if manager.listeners.before_flush not in list(own.dispatch.before_flush):
        yield Symptom(
            SymptomKind.SESSION_NOT_TRACKED,
            type(own).__name__,
            "nothing listens to this session, so that what it writes is not recorded. Give its "
            "class or factory to manager.track_session().",
        )


def _mappers(manager: VersioningManager, registries: Iterable[registry]) -> Iterator[Mapper[Any]]:
    """Yield the mappers of all registries that versioned classes are in, and of further ones."""
    versioned = [sa.inspect(model).registry for model in manager.registry.options]
    for each in dict.fromkeys([*versioned, *registries]):
        yield from each.mappers
