"""Steps that change and delete by statements, past the unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.errors import HistoryWriteError
from tests.property.oracle import Key, Row, World
from tests.property.play import Play, Step


@dataclass(frozen=True)
class Where:
    """The records whose column has one of some values; all without a column."""

    column: str | None = None
    values: tuple[Any, ...] = ()

    def criterion(self, table: Any) -> Any:
        if self.column is None:
            return sa.true()
        column = column_of(table, self.column)
        return column == self.values[0] if len(self.values) == 1 else column.in_(self.values)

    def keys(self, world: World, table: str) -> list[Key]:
        if self.column is None:
            return world.keys(table)
        rules, wanted = world.rules[table], {world.rules[table].same(v) for v in self.values}
        rows = world.tables[table].items()
        return [
            key
            for key, row in rows
            if (value := row[self.column]) is not None and rules.same(value) in wanted
        ]


def column_of(target: Any, name: str) -> Any:
    return target.c[name] if isinstance(target, sa.Table) else getattr(target, name)


@dataclass(frozen=True)
class Expression:
    """What an UPDATE makes of a value that is there."""

    name: str

    def sql(self, column: Any) -> Any:
        return column + 1 if self.name == "plus one" else sa.func.upper(column)

    def of(self, value: Any) -> Any:
        if value is None:
            return None
        return value + 1 if self.name == "plus one" else value.upper()


UP, PLUS_ONE = Expression("upper"), Expression("plus one")


@dataclass(frozen=True)
class Update(Step):
    """UPDATE by criteria; ``value`` may be an expression."""

    table: str
    where: Where
    column: str
    value: Any
    via: str
    goes_on: bool = False

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), self.change, goes_on=self.goes_on)

    def act(self, play: Play) -> None:
        target = play.desk.models[self.table]
        if self.via in ("core", "connection"):
            target = target.__table__
        column = column_of(target, self.column)
        value = self.value.sql(column) if isinstance(self.value, Expression) else self.value
        criterion = self.where.criterion(target)
        if self.via == "query":
            play.session.query(target).filter(criterion).update({self.column: value})
            return
        statement = sa.update(target).where(criterion).values({self.column: value})
        if self.via == "returning" and play.desk.dialect.update_returning:
            play.session.execute(statement.returning(target.id)).all()
        else:
            play.execute(statement, self.via)

    def change(self, world: World) -> None:
        for key in self.where.keys(world, self.table):
            value = self.value
            if isinstance(value, Expression):
                value = value.of(world.tables[self.table][key][self.column])
            world.update(self.table, key, {self.column: value})


@dataclass(frozen=True)
class UpdateByKeys(Step):
    """UPDATE of a list of records by their primary keys, those that are there."""

    table: str
    rows: Mapping[int, Row]
    via: str

    def run(self, play: Play) -> None:
        there = play.oracle.world.tables[self.table]
        rows = {key: row for key, row in self.rows.items() if (key,) in there}
        if rows:
            play.do(lambda: self.act(play, rows), lambda world: self.change(world, rows))

    def act(self, play: Play, rows: Mapping[int, Row]) -> None:
        model = play.desk.models[self.table]
        if self.via == "core":
            table = model.__table__
            names = sorted(next(iter(rows.values())))
            statement = (
                sa.update(table)
                .where(table.c.id == sa.bindparam("this"))
                .values({name: sa.bindparam(f"new_{name}") for name in names})
            )
            given = [
                {"this": key, **{f"new_{name}": value for name, value in row.items()}}
                for key, row in rows.items()
            ]
            play.session.connection().execute(statement, given)
        elif self.via == "legacy":
            given = [{"id": key, **row} for key, row in rows.items()]
            play.session.bulk_update_mappings(sa.inspect(model), given)
        else:
            given = [{"id": key, **row} for key, row in rows.items()]
            play.session.execute(sa.update(model), given)

    def change(self, world: World, rows: Mapping[int, Row]) -> None:
        for key, row in rows.items():
            world.update(self.table, (key,), row)


@dataclass(frozen=True)
class Delete(Step):
    """DELETE by criteria."""

    table: str
    where: Where
    via: str
    goes_on: bool = False

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), self.change, goes_on=self.goes_on)

    def act(self, play: Play) -> None:
        target = play.desk.models.get(self.table, play.desk.table(self.table))
        if self.via in ("core", "connection"):
            target = play.desk.table(self.table)
        criterion = self.where.criterion(target)
        if self.via == "query" and not isinstance(target, sa.Table):
            play.session.query(target).filter(criterion).delete()
            return
        statement = sa.delete(target).where(criterion)
        if self.via == "returning" and play.desk.dialect.delete_returning:
            key = play.desk.table(self.table).primary_key
            play.session.execute(statement.returning(*key)).all()
        else:
            play.execute(statement, self.via)

    def change(self, world: World) -> None:
        for key in self.where.keys(world, self.table):
            world.delete(self.table, key)


@dataclass(frozen=True)
class Unlink(Step):
    """DELETE of links by a list of their keys, of which some may not be there."""

    pairs: tuple[Key, ...]

    def run(self, play: Play) -> None:
        play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        table = play.desk.table("article_tag")
        statement = sa.delete(table).where(
            table.c.article_id == sa.bindparam("one"), table.c.tag_id == sa.bindparam("two")
        )
        rows = [{"one": article, "two": tag} for article, tag in self.pairs]
        play.session.connection().execute(statement, rows)

    def change(self, world: World) -> None:
        for key in self.pairs:
            if key in world.tables["article_tag"]:
                world.delete("article_tag", key)


@dataclass(frozen=True)
class Refused(Step):
    """UPDATE of primary keys, which is refused before anything is sent."""

    table: str

    def run(self, play: Play) -> None:
        if play.desk.manager.options["native_versioning"]:
            return  # triggers see keys change, and nothing needs to be refused
        table = play.desk.table(self.table)
        column = next(iter(table.primary_key))
        statement = sa.update(table).values({column.name: column})
        if play.desk.versioned(self.table).is_native:
            play.session.execute(statement)  # triggers see that no key has changed
            return
        with pytest.raises(HistoryWriteError, match="primary keys"):
            play.session.execute(statement)
