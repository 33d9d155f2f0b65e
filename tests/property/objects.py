"""Steps that change objects of a session."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.property.desk import LINEAGE
from tests.property.oracle import Key, Row, World
from tests.property.play import Play, Step

SETTLED = frozenset({"tag", "comment", "item", "film"})
"""Tables whose objects are flushed at once: the order within a flush would matter."""


def put(world: World, name: str, key: Key, values: Row) -> None:
    """Put a model's values into its tables."""
    for table in LINEAGE.get(name, (name,)):
        own = {n: v for n, v in values.items() if n in world.rules[table].columns}
        if table == "item":
            own["kind"] = name
        world.put(table, key, own)


@dataclass(frozen=True)
class Put(Step):
    """Add a record, or change it."""

    table: str
    key: Key
    values: Mapping[str, Any]
    merges: bool = False

    def run(self, play: Play) -> None:
        go = play.do if self.table in SETTLED else play.flush_later
        go(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        values = deepcopy(dict(self.values))
        names = dict(zip(play.desk.key_names(self.table), self.key, strict=True))
        thing = play.get(self.table, self.key)
        if self.merges:
            play.session.flush()
            play.session.merge(play.desk.models[self.table](**names, **values))
        elif thing is None:
            play.session.add(play.desk.models[self.table](**names, **values))
        else:
            for name, value in values.items():
                setattr(thing, name, value)

    def change(self, world: World) -> None:
        put(world, self.table, self.key, self.values)


@dataclass(frozen=True)
class Mutate(Step):
    """Change a JSON value in its place."""

    key: Key
    value: Any

    def run(self, play: Play) -> None:
        note = play.get("note", self.key)
        if note is None or note.data is None:
            return
        note.data["k"] = self.value
        play.oracle.world.update("note", self.key, {"data": {**note.data, "k": self.value}})


@dataclass(frozen=True)
class Drop(Step):
    """Delete an object, perhaps one that was changed just before."""

    table: str
    key: Key
    changed: Mapping[str, Any] | None = None

    def run(self, play: Play) -> None:
        if play.get(self.table, self.key) is not None:
            play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        thing = play.get(self.table, self.key)
        for name, value in (self.changed or {}).items():
            setattr(thing, name, value)
        play.session.delete(thing)

    def change(self, world: World) -> None:
        """Do what the ORM does to what depends on the record."""
        (key,) = self.key if len(self.key) == 1 else (None,)
        if self.table == "section":
            for article in world.keys("article", section_id=key):
                world.update("article", article, {"section_id": None})
        if self.table == "article":
            for comment in world.keys("comment", article_id=key):
                world.delete("comment", comment)
        if self.table in ("article", "tag"):
            for link in world.keys("article_tag", **{f"{self.table}_id": key}):
                world.delete("article_tag", link)
        for table in LINEAGE.get(self.table, (self.table,)):
            world.delete(table, self.key)


@dataclass(frozen=True)
class Replace(Step):
    """Delete a record and add one with the same key, in one flush."""

    table: str
    key: Key
    values: Mapping[str, Any]

    def run(self, play: Play) -> None:
        if play.get(self.table, self.key) is not None:
            play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        names = dict(zip(play.desk.key_names(self.table), self.key, strict=True))
        play.session.delete(play.get(self.table, self.key))
        play.session.add(play.desk.models[self.table](**names, **deepcopy(dict(self.values))))

    def change(self, world: World) -> None:
        put(world, self.table, self.key, self.values)


@dataclass(frozen=True)
class Rekey(Step):
    """Give a place another key."""

    key: Key
    number: int

    def run(self, play: Play) -> None:
        if play.get("place", self.key) is not None and self.key[1] != self.number:
            play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        play.get("place", self.key).number = self.number

    def change(self, world: World) -> None:
        row = world.tables["place"][self.key]
        world.delete("place", self.key)
        world.insert("place", {**row, "number": self.number})


@dataclass(frozen=True)
class Link(Step):
    """Link an article and a tag, or unlink them, from either side."""

    article: int
    tag: int
    there: bool
    side: str

    def run(self, play: Play) -> None:
        article, tag = play.get("article", (self.article,)), play.get("tag", (self.tag,))
        if article is None or tag is None or (tag in article.tags) is self.there:
            return
        play.flush_later(lambda: self.act(article, tag), self.change)

    def act(self, article: Any, tag: Any) -> None:
        near, far = (article.tags, tag) if self.side == "article" else (tag.articles, article)
        if self.there:
            near.append(far)
        else:
            near.remove(far)

    def change(self, world: World) -> None:
        if self.there:
            world.insert("article_tag", {"article_id": self.article, "tag_id": self.tag})
        else:
            world.delete("article_tag", (self.article, self.tag))


@dataclass(frozen=True)
class SetLinks(Step):
    """Give an article these tags, as many as there are."""

    article: int
    tags: tuple[int, ...]

    def run(self, play: Play) -> None:
        article = play.get("article", (self.article,))
        if article is not None:
            tags = [tag for each in self.tags if (tag := play.get("tag", (each,))) is not None]
            play.flush_later(lambda: setattr(article, "tags", tags), self.change)

    def change(self, world: World) -> None:
        wanted = {(self.article, tag) for tag in self.tags if (tag,) in world.tables["tag"]}
        there = set(world.keys("article_tag", article_id=self.article))
        for key in sorted(there - wanted):
            world.delete("article_tag", key)
        for article, tag in sorted(wanted - there):
            world.insert("article_tag", {"article_id": article, "tag_id": tag})


@dataclass(frozen=True)
class Move(Step):
    """Put an article into a section, or out of one, from either side."""

    article: int
    section: int | None
    side: str

    def run(self, play: Play) -> None:
        article = play.get("article", (self.article,))
        section = None if self.section is None else play.get("section", (self.section,))
        if article is None or (section is None) is not (self.section is None):
            return
        if article.section is not section:
            play.flush_later(lambda: self.act(article, section), self.change)

    def act(self, article: Any, section: Any) -> None:
        if self.side == "article":
            article.section = section
        elif section is None:
            article.section.articles.remove(article)
        else:
            section.articles.append(article)

    def change(self, world: World) -> None:
        world.update("article", (self.article,), {"section_id": self.section})


@dataclass(frozen=True)
class Say(Step):
    """Add a comment to an article through the collection, or move one there."""

    article: int
    comment: int
    text: str | None

    def run(self, play: Play) -> None:
        if play.get("article", (self.article,)) is not None:
            play.do(lambda: self.act(play), self.change)

    def act(self, play: Play) -> None:
        article, comment = (
            play.get("article", (self.article,)),
            play.get("comment", (self.comment,)),
        )
        if comment is None:
            made = play.desk.models["comment"](id=self.comment, text=self.text)
            article.comments.append(made)
        else:
            comment.article = article
            comment.text = self.text

    def change(self, world: World) -> None:
        values = {"text": self.text, "article_id": self.article}
        world.put("comment", (self.comment,), values)


@dataclass(frozen=True)
class Orphan(Step):
    """Take a comment out of its article's collection, which deletes it."""

    comment: int

    def run(self, play: Play) -> None:
        comment = play.get("comment", (self.comment,))
        if comment is not None:
            play.do(
                lambda: comment.article.comments.remove(comment),
                lambda world: world.delete("comment", (self.comment,)),
            )
