"""A transaction tells which versions it made."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_continuum import VersioningError
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def test_changed_entities(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=i, name=f"s{i}") for i in (2, 1)])
        session.add(newsroom.Tag(id=1, name="t"))
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "changed"
    section, tag = (newsroom.registry_of(m).version_class for m in (newsroom.Section, newsroom.Tag))
    (transaction_class,) = newsroom.manager.registry.transaction_classes.values()
    with newsroom.session() as session:
        first, second = session.scalars(sa.select(transaction_class).order_by("id")).all()
        with statements(newsroom.engine) as sent:
            found = first.changed_entities
        assert len(sent) == 1 + 5, "the uid, and each of the five models"
        assert {cls: [each.id for each in rows] for cls, rows in found.items()} == {
            section: [1, 2],
            tag: [1],
        }
        assert [each.name for each in second.changed_entities[section]] == ["changed"]
        second.uid = first.uid
        session.flush()
        assert [each.name for each in first.changed_entities[section]] == ["s1", "changed", "s2"]
        session.rollback()
        session.expunge(first)
        with pytest.raises(VersioningError, match="detached"):
            _ = first.changed_entities
