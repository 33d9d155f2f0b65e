"""The work that is measured: each has a part that is not timed, then one that is.

The unversioned contender does what an application without history would: the same writes, and in
place of reading versions it reads as many live rows (W5), or the live rows (W6, W8 by hand).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.models import Newsroom

Timed = Callable[[], object]
TEXT = "What the paper prints about it. " * 10


@dataclass(frozen=True, slots=True)
class Desk:
    """What a workload works with."""

    engine: sa.Engine
    models: Newsroom

    @property
    def versioned(self) -> bool:
        """Whether the models have a history."""
        return self.models.article_version is not None

    def session(self) -> Session:
        """Return a new session."""
        return Session(self.engine)

    def article(self, number: int) -> Any:
        """Return a new article, in no session."""
        return self.models.article(title=f"Article {number}", body=TEXT, views=number)

    def fill(self, count: int) -> None:
        """Write articles, each with a version where there is history."""
        with self.session() as session:
            session.add_all([self.article(number) for number in range(count)])
            session.commit()

    def loaded(self, count: int) -> tuple[Session, list[Any]]:
        """Return a session and articles that it has loaded."""
        self.fill(count)
        session = self.session()
        return session, list(session.scalars(sa.select(self.models.article)))


def insert(desk: Desk, size: int) -> Timed:
    """Insert ``size`` objects in one commit."""

    def run() -> None:
        desk.fill(size)

    return run


def update(desk: Desk, size: int) -> Timed:
    """Change one column of ``size`` loaded objects in one commit."""
    session, articles = desk.loaded(size)

    def run() -> None:
        for article in articles:
            article.views += 1
        session.commit()
        session.close()

    return run


def delete(desk: Desk, size: int) -> Timed:
    """Delete ``size`` loaded objects in one commit."""
    session, articles = desk.loaded(size)
    for article in articles:  # the relationships are loaded by no one else's time
        article.tags, article.comments  # noqa: B018
    session.expire_on_commit = False

    def run() -> None:
        for article in articles:
            session.delete(article)
        session.commit()
        session.close()

    return run


def commits_of_inserts(desk: Desk, size: int) -> Timed:
    """Make ``size`` commits of one insert each."""

    def run() -> None:
        for number in range(size):
            with desk.session() as session:
                session.add(desk.article(number))
                session.commit()

    return run


def commits_of_updates(desk: Desk, size: int) -> Timed:
    """Make ``size`` commits that load one object and change it."""
    desk.fill(size)

    def run() -> None:
        for number in range(size):
            with desk.session() as session:
                session.get_one(desk.models.article, number + 1).views += 1
                session.commit()

    return run


def changesets(desk: Desk, size: int) -> Timed:
    """Read the ``size`` versions of one record with all their changesets."""
    if not desk.versioned:
        desk.fill(size)

        def load() -> int:
            with desk.session() as session:
                return len(session.scalars(sa.select(desk.models.article)).all())

        return load
    desk.fill(1)
    for number in range(size - 1):
        with desk.session() as session:
            session.get_one(desk.models.article, 1).title = f"Title {number}"
            session.commit()

    def run() -> int:
        with desk.session() as session:
            article = session.get_one(desk.models.article, 1)
            return sum(len(version.changeset) for version in article.versions)

    return run


def as_they_were(desk: Desk, size: int) -> Timed:
    """Read five versions of each of ``size`` articles with their five tags."""
    models = desk.models
    with desk.session() as session:
        tags = [models.tag(name=f"tag {number}") for number in range(50)]
        session.add_all(tags)
        articles = [desk.article(number) for number in range(size)]
        for number, article in enumerate(articles):
            article.tags = [tags[(number + offset) % 50] for offset in range(5)]
        session.add_all(articles)
        session.commit()
    for _ in range(4):
        with desk.session() as session:
            for article in session.scalars(sa.select(models.article)):
                article.views += 1
            session.commit()
    read = models.article_version if desk.versioned else models.article

    def run() -> int:
        with desk.session() as session:
            return sum(len(found.tags) for found in session.scalars(sa.select(read)))

    return run


def links(desk: Desk, size: int) -> Timed:
    """Append five tags to each of ``size`` loaded articles."""
    session, articles = desk.loaded(size)
    tags = [desk.models.tag(name=f"tag {number}") for number in range(50)]
    session.add_all(tags)
    session.commit()
    articles = list(session.scalars(sa.select(desk.models.article)))
    for article in articles:
        article.tags  # noqa: B018
    for tag in tags:
        tag.id  # noqa: B018

    def run() -> None:
        for number, article in enumerate(articles):
            article.tags.extend(tags[(number + offset) % 50] for offset in range(5))
        session.commit()
        session.close()

    return run


def revert(desk: Desk, size: int) -> Timed:
    """Revert an article and its ``size`` comments to what they were; by hand without history."""
    models = desk.models
    with desk.session() as session:
        article = desk.article(0)
        article.comments = [models.comment(text=f"comment {number}") for number in range(size)]
        session.add(article)
        session.commit()
    with desk.session() as session:
        article = session.get_one(models.article, 1)
        article.title = "changed"
        for comment in article.comments:
            comment.text = "changed"
        session.commit()

    def by_hand() -> None:
        with desk.session() as session:
            article = session.get_one(models.article, 1)
            article.title = "Article 0"
            for number, comment in enumerate(article.comments):
                comment.text = f"comment {number}"
            session.commit()

    def run() -> None:
        with desk.session() as session:
            article = session.get_one(models.article, 1)
            article.versions[0].revert(relations=["comments"])
            session.commit()

    return run if desk.versioned else by_hand


def flushes(desk: Desk, size: int) -> Timed:
    """Insert ``size`` objects in one transaction, with a flush after each."""

    def run() -> None:
        with desk.session() as session:
            for number in range(size):
                session.add(desk.article(number))
                session.flush()
            session.commit()

    return run


def statement(desk: Desk, size: int) -> Timed:
    """Change ``size`` rows with one ``update()`` statement."""
    desk.fill(size)

    def run() -> None:
        with desk.session() as session:
            article = desk.models.article
            session.execute(
                sa.update(article).values(views=article.views + 1),
                execution_options={"synchronize_session": False},
            )
            session.commit()

    return run


@dataclass(frozen=True, slots=True)
class Workload:
    """One line of the table.

    :ivar name: its short name.
    :ivar make: prepares it and returns the part that is timed.
    :ivar size: how much of it, for ``make bench``.
    :ivar quick: how much of it, for ``make bench-quick``.
    :ivar goal: the greatest ratio to the same work unversioned that we want, by database.
    :ivar native_goal: the same for native versioning.
    """

    name: str
    make: Callable[[Desk, int], Timed]
    size: int
    quick: int
    goal: dict[str, float]
    native_goal: float | None = None

    @property
    def title(self) -> str:
        """What it does, in words."""
        assert self.make.__doc__ is not None
        return (
            self.make.__doc__.splitlines()[0]
            .rstrip(".")
            .replace("``size``", "{size:,}")
            .replace("``", "`")
        )


def goals(sqlite: float, postgresql: float) -> dict[str, float]:
    """Return goals by database; MariaDB has those of SQLite."""
    return {"sqlite": sqlite, "postgresql": postgresql, "mariadb": sqlite}


WORKLOADS = (
    Workload("W1", insert, 10_000, 2_000, goals(1.12, 1.12), 1.25),
    Workload("W1 ×10", insert, 100_000, 4_000, goals(1.12, 1.12), 1.25),
    Workload("W2", update, 10_000, 2_000, goals(1.35, 1.50), 1.7),
    Workload("W3", delete, 10_000, 2_000, goals(1.55, 1.60)),
    Workload("W4 insert", commits_of_inserts, 500, 100, goals(1.5, 1.5)),
    Workload("W4 update", commits_of_updates, 500, 100, goals(1.4, 1.45)),
    Workload("W5", changesets, 1_000, 200, goals(1.0, 1.0)),
    Workload("W6", as_they_were, 200, 50, goals(0.6, 0.42)),
    Workload("W7", links, 1_000, 200, goals(1.25, 1.3)),
    Workload("W8", revert, 50, 50, goals(1.7, 1.8)),
    Workload("W10", flushes, 1_000, 200, goals(1.2, 1.15)),
    Workload("bulk", statement, 100_000, 10_000, goals(3, 3)),
)


def workload(name: str) -> Workload:
    """Return the workload of a name.

    :raises KeyError: when there is none.
    """
    return {each.name: each for each in WORKLOADS}[name]
