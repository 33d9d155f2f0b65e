from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from flask_continuum.engine import read
from flask_continuum.engine.errors import PlanBlocked
from flask_continuum.engine.revert import Reason, plan_revert, plan_undo
from tests.engine.newsroom import Newsroom
from tests.support.marks import on
from tests.support.statements import statements


def newest(newsroom: Newsroom, session: Any) -> Any:
    return read.transactions(session, newsroom.manager, limit=1).items[0].transaction


def first(session: Any, model: Any, *key: Any) -> Any:
    return read.versions_of(session, model, key)[0]


def spans(newsroom: Newsroom) -> sa.Table:
    return newsroom.manager.registry.history[newsroom.base.metadata].history_column


def test_columns_that_came_later_or_are_gone_stay_and_are_said(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a"))
    with newsroom.session() as session:
        at = newsroom.ids(session, newsroom.Article, 1)[0]
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.title, article.body = "b", "text"
        table = {"table_name": "article_version"}
        session.execute(
            spans(newsroom).insert(),
            [
                {**table, "column_name": "body_text", "since": at + 1, "until": None},
                {**table, "column_name": "subtitle", "since": None, "until": at},
                {**table, "column_name": "forgotten", "since": None, "until": at - 1},
            ],
        )
    with newsroom.commit() as session:
        plan = plan_revert(session, first(session, newsroom.Article, 1))
        assert [(i.key, i.reason) for i in plan.records[0].impossible] == [
            ("body", Reason.NOT_RECORDED),
            ("subtitle", Reason.GONE_COLUMN),
        ]
        plan.apply(session)
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        assert (article.title, article.body) == ("a", "text")
        plan = plan_revert(session, first(session, newsroom.Article, 1), values={"body": "given"})
        assert [(s.key, s.then) for s in plan.records[0].fields] == [("body", "given")]


def test_a_bulk_statement_is_undone(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(newsroom.Tag(id=n, name=f"t{n}") for n in range(1, 31))
    with newsroom.commit() as session:
        session.execute(sa.update(newsroom.Tag).values(name=newsroom.Tag.name + "x"))
        session.execute(sa.delete(newsroom.Tag).where(newsroom.Tag.id > 20))
    with newsroom.commit() as session:
        plan_undo(session, newest(newsroom, session)).apply(session)
    with newsroom.session() as session:
        names = session.scalars(sa.select(newsroom.Tag.name).order_by(newsroom.Tag.id)).all()
        assert names == [f"t{n}" for n in range(1, 31)]


def test_several_rows_of_one_uid_are_one_change(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all([newsroom.Tag(id=1, name="a"), newsroom.Tag(id=2, name="b")])
    with newsroom.commit() as session:
        session.get(newsroom.Tag, 1).name = "between"
        session.delete(session.get(newsroom.Tag, 2))
        session.add(newsroom.Tag(id=3, name="c"))
    with newsroom.commit() as session:
        session.get(newsroom.Tag, 1).name = "last"
        session.add(newsroom.Tag(id=2, name="new"))
        session.delete(session.get(newsroom.Tag, 3))
    with newsroom.session() as session:
        last, before = [row.transaction for row in read.transactions(session, newsroom.manager)][:2]
        last.uid = before.uid
        session.commit()
    with newsroom.commit() as session:
        plan = plan_undo(session, newest(newsroom, session))
        assert {(r.key, s.now, s.left, s.then) for r in plan.records for s in r.fields} == {
            ((1,), "last", "last", "a"),
            ((2,), "new", "new", "b"),
        }
        plan.apply(session)
        assert session.get(newsroom.Tag, 3) is None


def test_values_that_are_exchanged_are_refused(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all([newsroom.Tag(id=1, name="a"), newsroom.Tag(id=2, name="b")])
    with newsroom.commit() as session:
        one, two = session.get(newsroom.Tag, 1), session.get(newsroom.Tag, 2)
        for tag, name in ((one, "-"), (two, "a"), (one, "b")):
            tag.name = name
            session.flush()
    with newsroom.session() as session:
        plan = plan_undo(session, newest(newsroom, session))
        with pytest.raises(PlanBlocked, match="has it by now"):
            plan.apply(session)
        session.commit()
        assert session.get(newsroom.Tag, 1).name == "b"


def test_applying_costs_the_same_for_any_number_of_records(newsroom: Newsroom) -> None:
    costs = []
    for key, number in ((1, 5), (2, 50)):
        with newsroom.commit() as session:
            session.add(
                newsroom.Article(
                    id=key,
                    title="t",
                    section=newsroom.Section(id=key, name="s"),
                    comments=[newsroom.Comment(text=str(n)) for n in range(number)],
                    tags=[newsroom.Tag(name=f"{key}.{n}") for n in range(number)],
                )
            )
        with newsroom.commit() as session:
            article = session.get(newsroom.Article, key)
            for comment in article.comments[::2]:
                comment.text = "changed"
            article.comments = article.comments[: number // 2]
            article.tags = []
        with newsroom.commit() as session:
            version = first(session, newsroom.Article, key)
            with statements(newsroom.engine) as sent:
                plan = plan_revert(session, version, relations=["comments", "tags"])
                plan.apply(session)
                session.flush()
            costs.append(len(sent))
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 2)
        assert [c.text for c in article.comments] == [str(n) for n in range(50)]
        assert len(article.tags) == 50
    assert costs[0] == costs[1] <= 40, costs


@on("sqlite", "postgresql")
def test_async_sessions_go_back(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a", comments=[newsroom.Comment(text="one")]))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    url = newsroom.engine.url
    if url.get_backend_name() == "sqlite":
        url = url.set(drivername="sqlite+aiosqlite")

    def go_back(session: Any) -> None:
        plan_undo(session, newest(newsroom, session)).apply(session)

    async def run() -> None:
        engine = create_async_engine(url)
        newsroom.manager.track_engine(engine.sync_engine)
        async with AsyncSession(engine, sync_session_class=newsroom.sessions.class_) as session:
            await session.run_sync(go_back)
            await session.commit()
        await engine.dispose()

    asyncio.run(run())
    with newsroom.session() as session:
        assert session.get(newsroom.Article, 1).comments[0].text == "one"
        assert newest(newsroom, session).kind == "undo"
