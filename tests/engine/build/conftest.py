"""One small application a test: the test declares models, the fixture versions and checks them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapper, Session, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check


class Application:
    """Sessions on an empty database, and a manager for the models of a base."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.sessions = sessionmaker(engine)
        self.manager: Any = None

    def version(self, base: Any, **options: Any) -> None:
        """Attach a manager to a declarative base, before or after its models are declared."""
        self.manager = VersioningManager(user_cls=None, options=options)
        self.manager.attach(base, self.sessions, self.engine)

    def version_everything(self) -> None:
        """Attach a manager to all mappers, those of earlier tests left out."""
        gc.collect()
        self.version(Mapper)

    @contextmanager
    def commit(self) -> Iterator[Session]:
        """One session and one transaction."""
        with self.sessions() as session:
            yield session
            session.commit()

    def of(self, model: Any) -> Any:
        return self.manager.registry.of(model).version_class

    def history(self, session: Session, model: Any) -> list[Any]:
        """All versions of a model's records, in the order of transactions, then of keys."""
        entry = self.manager.registry.of(model)
        version = entry.version_class
        key = [getattr(version, name) for name in entry.key_attributes]
        moment = getattr(version, entry.options.transaction_column_name)
        return list(session.scalars(sa.select(version).order_by(moment, *key)))

    def told(self, model: Any, *names: str) -> list[tuple[Any, ...]]:
        """What the history of a model says in the named attributes."""
        with self.sessions() as session:
            return [tuple(getattr(v, n) for n in names) for v in self.history(session, model)]


@pytest.fixture
def app(engine: sa.Engine) -> Iterator[Application]:
    """An application on each kind of database, whose history is checked as a whole at the end."""
    application = Application(engine)
    yield application
    if application.manager is not None:
        try:
            check(engine, application.manager)
        finally:
            application.manager.detach()
            for declared in application.manager.builder.declared:
                declared.dispose()


@pytest.fixture
def base(app: Application) -> Any:
    """A declarative base whose marked classes are versioned."""

    class Base(DeclarativeBase):
        pass

    app.version(Base)
    return Base
