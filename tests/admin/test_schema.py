"""What a page says when the database lacks the history's tables."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from flask_continuum.engine.errors import ImproperlyConfigured


def drop(newsroom, name):
    with newsroom.app.app_context():
        newsroom.db.session.rollback()
        newsroom.db.session.execute(sa.text(f"DROP TABLE {name}"))
        newsroom.db.session.commit()


def test_missing_tables_are_named_with_what_to_do(newsroom, maya):
    drop(newsroom, "place_version")
    drop(newsroom, "comment_version")
    words = "no tables '(comment|place)_version' and '(comment|place)_version', which.*create_all"
    with pytest.raises(ImproperlyConfigured, match=words) as caught:
        maya.get("/history/")
    assert isinstance(caught.value.__cause__, OperationalError)


def test_an_error_of_another_cause_stays_itself(newsroom, maya, monkeypatch):
    error = OperationalError("SELECT 1", {}, Exception("disk is full"))

    def fail(*given, **named):
        raise error

    monkeypatch.setattr(newsroom.db.session(), "execute", fail)
    with pytest.raises(OperationalError, match="disk is full"):
        maya.get("/history/")
