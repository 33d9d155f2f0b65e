"""What foreign keys pointed to, at the time: loaded for all versions of a page together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import subqueryload

from flask_continuum.admin.records import refer_to_related
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.keys import chunks, placed
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.values import Display, DisplayKind, display


def load_references(
    visit: Visit, versioned: VersionedClass, versions: Iterable[Any], relationships: Iterable[str]
) -> None:
    """Load relationships of versions in one statement each, and one to find the versions."""
    options = versioned.options
    names = (*versioned.key_attributes, options.transaction_column_name)
    wanted = {
        tuple(getattr(version, name) for name in names): version
        for version in versions
        if version is not None
    }
    # by a subquery: SQLAlchemy's other way names versions by combinations, which SQLite finds only
    # by reading a whole table
    loads = [
        subqueryload(getattr(versioned.version_class, name)) for name in sorted(set(relationships))
    ]
    if not wanted or not loads:
        return
    columns = [getattr(versioned.version_class, name) for name in names]
    for chunk in chunks(wanted):
        statement = sa.select(versioned.version_class).where(placed(columns, chunk))
        visit.session.scalars(statement.options(*loads)).all()


def show_reference(
    visit: Visit, versioned: VersionedClass, version: Any, relationship: str, value: Any
) -> Display:
    """A foreign key's value as the title of the record that it pointed to.

    :param version: whose relationship is asked; ``None`` when there was no version.
    :param value: the key itself, shown when nothing is known about the record.
    """
    plain = display(value, visit.view)
    if version is None or plain.is_nothing:
        return plain
    target = getattr(version, relationship, None)
    reference = None if target is None else refer_to_related(visit, target)
    if reference is None:
        return plain
    return Display(DisplayKind.TEXT, reference.label, title=reference.name, href=reference.url)
