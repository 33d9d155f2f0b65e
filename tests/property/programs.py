"""Random programs: lists of steps, as hypothesis draws and shrinks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.property.checks import check_verify
from tests.property.insertions import Copy, Insert, InsertKeyless, Upsert, UpsertLinks
from tests.property.objects import (
    Drop,
    Link,
    Move,
    Mutate,
    Orphan,
    Put,
    Rekey,
    Replace,
    Say,
    SetLinks,
)
from tests.property.oracle import World
from tests.property.play import Play, Step
from tests.property.statements import (
    PLUS_ONE,
    UP,
    Delete,
    Refused,
    Unlink,
    Update,
    UpdateByKeys,
    Where,
)


@dataclass(frozen=True)
class Do(Step):
    """A step of the transaction itself: flush, savepoint, release, back, commit …"""

    what: str

    def run(self, play: Play) -> None:
        if self.what == "flush":
            play.session.flush()
        elif self.what == "verify":
            play.commit()
            check_verify(play.desk)
        else:
            getattr(play, self.what)()


@dataclass(frozen=True)
class Furnish(Step):
    """Write and commit what every program begins with."""

    def run(self, play: Play) -> None:
        play.flush_later(lambda: self.act(play), self.change)
        play.commit()

    def act(self, play: Play) -> None:
        make = play.desk.models
        one, two = (make["section"](id=key, name="s") for key in (1, 2))
        tags = [make["tag"](id=key, name=f"t{key}") for key in (1, 2)]
        article = make["article"](id=1, title="t", section=one, tags=tags[:1])
        article.comments.append(make["comment"](id=1, text="c"))
        note = make["note"](id=1, text="n", data={"k": 1}, stars=1)
        place = make["place"](country="pt", number=1, name="p")
        film = make["film"](id=4, title="f", minutes=1)
        others = (two, *tags, article, make["article"](id=2, title="t"), note, place, film)
        play.session.add_all(others)

    def change(self, world: World) -> None:
        for key in (1, 2):
            world.insert("section", {"id": key, "name": "s"})
            world.insert("tag", {"id": key, "name": f"t{key}"})
        world.insert("article", {"id": 1, "title": "t", "section_id": 1})
        world.insert("article", {"id": 2, "title": "t"})
        world.insert("article_tag", {"article_id": 1, "tag_id": 1})
        world.insert("comment", {"id": 1, "text": "c", "article_id": 1})
        world.insert("note", {"id": 1, "text": "n", "data": {"k": 1}, "stars": 1})
        world.insert("place", {"country": "pt", "number": 1, "name": "p"})
        world.insert("item", {"id": 4, "kind": "film", "title": "f"})
        world.insert("film", {"id": 4, "minutes": 1})


@dataclass(frozen=True)
class Read(Step):
    """Look at history within the transaction: it shows what was flushed so far."""

    table: str

    def run(self, play: Play) -> None:
        play.session.flush()
        table = play.desk.versioned(self.table)
        newest = {}
        for row in play.session.execute(play.desk.versions[self.table]).mappings():
            newest[tuple(row[c] for c in table.version_key)] = row
        rules = play.oracle.rules[self.table]
        found = {
            key: {name: row[name] for name in rules.recorded}
            for key, row in newest.items()
            if row[table.operation_type] != 2
        }
        world = play.oracle.world.tables[self.table]
        assert found == {key: rules.history_of(row) for key, row in world.items()}


KEYS = st.integers(1, 3)
KEY = st.tuples(KEYS)
NAMES = st.sampled_from(["a", "A", "b", None])
TITLES = st.sampled_from(["a", "a", "A", "b", None])
NUMBERS = st.sampled_from([0, 1, 2, None])
DATA = st.sampled_from([{"k": 0}, {"k": 1}, {}, None])
SIDES = st.sampled_from(["article", "other"])
PAIRS = st.lists(st.tuples(KEYS, KEYS), min_size=1, max_size=3, unique=True).map(tuple)
LINKS = PAIRS.map(lambda pairs: tuple({"article_id": a, "tag_id": t} for a, t in pairs))
WAYS = st.sampled_from(["orm", "core", "connection", "query", "returning"])
INSERTING = st.sampled_from(
    ["orm", "core", "connection", "values", "mappings", "objects", "returning"]
)
BY_KEYS = st.sampled_from(["orm", "core", "legacy"])


def values(**each: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(each)


NOTE = values(text=NAMES, data=DATA, stars=NUMBERS, seen=NUMBERS)
SECTION = values(name=TITLES)
TAG = values(name=NAMES, color=NAMES)
COMMENT = values(text=NAMES, article_id=KEYS)
FILM = values(title=NAMES, minutes=NUMBERS)
FILM_KEY = st.tuples(st.integers(4, 5))
PLACE_KEY = st.tuples(st.sampled_from(["fr", "pt"]), st.integers(1, 2))


def rows(row: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[tuple[dict[str, Any], ...]]:
    """Several rows with keys of their own, of which some may be taken."""
    keyed = st.dictionaries(st.integers(1, 5), row, min_size=1, max_size=3)
    return keyed.map(lambda found: tuple({"id": key, **each} for key, each in found.items()))


def by_key(row: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[int, dict[str, Any]]]:
    return st.dictionaries(KEYS, row, min_size=1, max_size=3)


def where(*columns: str) -> st.SearchStrategy[Where]:
    some = st.builds(
        Where,
        st.sampled_from(columns),
        st.lists(KEYS, min_size=1, max_size=2, unique=True).map(tuple),
    )
    return st.one_of(some, some, st.just(Where()))


def upserts(
    table: str, row: st.SearchStrategy[dict[str, Any]], by: str, updates: str
) -> st.SearchStrategy[Upsert]:
    several = st.lists(row, min_size=1, max_size=3, unique_by=lambda each: str(each[by]).lower())
    return st.builds(
        Upsert, st.just(table), several.map(tuple), st.just(by), st.sampled_from([updates, None])
    )


OBJECTS = st.one_of(
    st.builds(Put, st.just("note"), KEY, NOTE, st.booleans()),
    st.builds(Put, st.just("section"), KEY, SECTION),
    st.builds(Put, st.just("article"), KEY, values(title=TITLES)),
    st.builds(Put, st.just("tag"), KEY, TAG, st.booleans()),
    st.builds(Put, st.just("comment"), KEY, COMMENT),
    st.builds(Put, st.just("place"), PLACE_KEY, values(name=NAMES)),
    st.builds(Put, st.just("item"), KEY, values(title=NAMES)),
    st.builds(Put, st.just("film"), FILM_KEY, FILM),
    st.builds(Mutate, KEY, NUMBERS),
    st.builds(Drop, st.just("note"), KEY, st.one_of(st.none(), NOTE)),
    st.builds(Drop, st.sampled_from(["section", "article", "tag", "comment", "item"]), KEY),
    st.builds(Drop, st.just("film"), FILM_KEY, st.one_of(st.none(), FILM)),
    st.builds(Drop, st.just("place"), PLACE_KEY, st.one_of(st.none(), values(name=NAMES))),
    st.builds(Replace, st.just("note"), KEY, NOTE),
    st.builds(Replace, st.just("film"), FILM_KEY, FILM),
    st.builds(Rekey, PLACE_KEY, st.integers(1, 2)),
)
RELATIONS = st.one_of(
    st.builds(Link, KEYS, KEYS, st.booleans(), SIDES),
    st.builds(SetLinks, KEYS, st.lists(KEYS, max_size=3, unique=True).map(tuple)),
    st.builds(Move, KEYS, st.one_of(st.none(), KEYS), SIDES),
    st.builds(Say, KEYS, KEYS, NAMES),
    st.builds(Orphan, KEYS),
)
STATEMENTS = st.one_of(
    st.builds(
        Update,
        st.just("note"),
        where("id", "stars"),
        st.just("text"),
        st.one_of(NAMES, st.just(UP)),
        WAYS,
    ),
    st.builds(
        Update,
        st.just("note"),
        where("id", "stars"),
        st.sampled_from(["stars", "seen"]),
        st.one_of(NUMBERS, st.just(PLUS_ONE)),
        WAYS,
    ),
    st.builds(
        Update,
        st.just("section"),
        where("id"),
        st.just("name"),
        st.one_of(TITLES, st.just(UP)),
        WAYS,
        st.booleans(),
    ),
    st.builds(
        Update,
        st.just("article"),
        where("id", "section_id"),
        st.just("section_id"),
        NUMBERS,
        WAYS,
        st.booleans(),
    ),
    st.builds(
        Update,
        st.just("comment"),
        where("id", "article_id"),
        st.just("article_id"),
        NUMBERS,
        WAYS,
        st.booleans(),
    ),
    st.builds(UpdateByKeys, st.just("note"), by_key(values(text=NAMES, stars=NUMBERS)), BY_KEYS),
    st.builds(UpdateByKeys, st.just("section"), by_key(SECTION), BY_KEYS),
    st.builds(
        Delete,
        st.sampled_from(["note", "section", "article", "tag", "comment"]),
        where("id"),
        WAYS,
        st.booleans(),
    ),
    st.builds(Delete, st.just("article_tag"), where("article_id", "tag_id"), WAYS),
    st.builds(Insert, st.just("note"), rows(NOTE), INSERTING),
    st.builds(Insert, st.just("section"), rows(SECTION), INSERTING),
    st.builds(Insert, st.just("comment"), rows(COMMENT), INSERTING),
    st.builds(
        Insert, st.just("article_tag"), LINKS, st.sampled_from(["core", "connection", "values"])
    ),
    st.builds(InsertKeyless, st.just("note"), values(text=NAMES), st.integers(1, 3), INSERTING),
    st.builds(Copy, st.sampled_from(["note", "section", "article"]), KEYS, st.integers(1, 5)),
    upserts("note", values(id=KEYS, text=NAMES), "id", "text"),
    upserts(
        "tag", values(name=st.sampled_from(["a", "A", "b", "t1"]), color=NAMES), "name", "color"
    ),
    st.builds(UpsertLinks, PAIRS),
    st.builds(Unlink, PAIRS),
    st.builds(Refused, st.sampled_from(["note", "article_tag"])),
)
ENDS = st.one_of(
    st.builds(Read, st.sampled_from(["note", "article", "film", "article_tag"])),
    st.builds(
        Do,
        st.sampled_from(
            ["flush", "savepoint", "savepoint", "release", "back", "rollback", "close", "verify"]
            + ["commit"] * 4
        ),
    ),
)
STEPS = st.one_of(OBJECTS, RELATIONS, STATEMENTS, *[ENDS] * 8)
PROGRAMS = st.lists(STEPS, min_size=6, max_size=40)
