"""Steps that insert by statements, past the unit of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from tests.property.oracle import Key, Row, World
from tests.property.play import Play, Step


@dataclass(frozen=True)
class Insert(Step):
    """INSERT of several rows with their keys."""

    table: str
    rows: tuple[Row, ...]
    via: str

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        rows = [deepcopy(dict(row)) for row in self.rows]
        table = play.desk.table(self.table)
        model = play.desk.models.get(self.table)
        if self.via == "values":
            play.session.execute(sa.insert(table).values(rows))
        elif model is None or self.via in ("core", "connection"):
            play.execute(sa.insert(table), self.via, rows)
        elif self.via == "mappings":
            play.session.bulk_insert_mappings(sa.inspect(model), rows)
        elif self.via == "objects":
            play.session.bulk_save_objects([model(**row) for row in rows])
        elif self.via == "returning" and play.desk.dialect.insert_executemany_returning:
            play.session.scalars(sa.insert(model).returning(model), rows).all()
        else:
            play.session.execute(sa.insert(model), rows)

    def change(self, world: World) -> None:
        for row in self.rows:
            world.insert(self.table, row)


@dataclass(frozen=True)
class InsertKeyless(Step):
    """INSERT of equal rows whose keys the database gives out."""

    table: str
    row: Row
    count: int
    via: str

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), lambda world: self.change(play, world))

    def act(self, play: Play) -> None:
        rows = [dict(self.row) for _ in range(self.count)]
        table = play.desk.table(self.table)
        if self.via == "values":
            play.session.execute(sa.insert(table).values(rows))
        elif self.via in ("core", "connection"):
            play.execute(sa.insert(table), self.via, rows)
        else:
            play.session.execute(sa.insert(play.desk.models[self.table]), rows)

    def change(self, play: Play, world: World) -> None:
        for key in new_keys(play, self.table, world):
            world.insert(self.table, {**self.row, "id": key})


def new_keys(play: Play, name: str, world: World) -> list[int]:
    """Return the keys that the database has given out."""
    found = play.session.scalars(sa.select(play.desk.table(name).c.id)).all()
    return sorted(key for key in found if (key,) not in world.tables[name])


@dataclass(frozen=True)
class Copy(Step):
    """INSERT from a SELECT of one row."""

    table: str
    source: int
    target: int

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        table = play.desk.table(self.table)
        others = [column for column in table.c if column.name != "id"]
        chosen = sa.select(sa.literal(self.target), *others).where(table.c.id == self.source)
        names = ["id", *(column.name for column in others)]
        play.session.execute(table.insert().from_select(names, chosen))

    def change(self, world: World) -> None:
        row = world.tables[self.table].get((self.source,))
        if row is not None:
            world.insert(self.table, {**row, "id": self.target})


@dataclass(frozen=True)
class Upsert(Step):
    """INSERT that finds some of its rows there, by a unique column, and updates or leaves them."""

    table: str
    rows: tuple[Row, ...]
    by: str
    updates: str | None

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), lambda world: self.change(play, world))

    def act(self, play: Play) -> None:
        table = play.desk.table(self.table)
        rows = [deepcopy(dict(row)) for row in self.rows]
        play.session.execute(upsert(play.desk.dialect.name, table, rows, [self.by], self.updates))

    def change(self, play: Play, world: World) -> None:
        rules = world.rules[self.table]
        fresh = []
        for row in self.rows:
            same = [
                key
                for key, there in world.tables[self.table].items()
                if rules.same(there[self.by]) == rules.same(row[self.by])
            ]
            if not same:
                fresh.append(row)
            for key in same if self.updates else ():
                world.update(self.table, key, {self.updates: row[self.updates]})
        for row in fresh:
            world.insert(self.table, {"id": key_of(play, self.table, row), **row})


def key_of(play: Play, name: str, row: Row) -> int:
    """Return the key of a row, from the database where it gave it out."""
    if "id" in row:
        given: int = row["id"]
        return given
    table = play.desk.table(name)
    (found,) = play.session.scalars(sa.select(table.c.id).filter_by(**row)).all()
    return int(found)


def upsert(
    dialect: str, table: sa.Table, rows: list[Any], by: Sequence[str], updates: str | None
) -> Any:
    if dialect == "mysql":
        inserted = mysql.insert(table).values(rows)
        if updates is None:
            return inserted.prefix_with("IGNORE")
        return inserted.on_duplicate_key_update({updates: inserted.inserted[updates]})
    insert: Callable[..., Any] = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table).values(rows)
    if updates is None:
        return statement.on_conflict_do_nothing(index_elements=list(by))
    return statement.on_conflict_do_update(
        index_elements=list(by), set_={updates: statement.excluded[updates]}
    )


@dataclass(frozen=True)
class UpsertLinks(Step):
    """INSERT of links, of which some may be there."""

    pairs: tuple[Key, ...]

    def run(self, play: Play) -> None:
        world = play.oracle.world
        pairs = [
            (article, tag)
            for article, tag in self.pairs
            if (article,) in world.tables["article"] and (tag,) in world.tables["tag"]
        ]
        if pairs:
            play.do(lambda: self.act(play, pairs), lambda after: self.change(after, pairs))

    def act(self, play: Play, pairs: Sequence[Key]) -> None:
        rows = [{"article_id": article, "tag_id": tag} for article, tag in pairs]
        table = play.desk.table("article_tag")
        names = ["article_id", "tag_id"]
        play.session.execute(upsert(play.desk.dialect.name, table, rows, names, None))

    def change(self, world: World, pairs: Sequence[Key]) -> None:
        for article, tag in pairs:
            if (article, tag) not in world.tables["article_tag"]:
                world.insert("article_tag", {"article_id": article, "tag_id": tag})
