"""The story of the demo data, read from TOML into plain values.

``newsroom.toml`` has the people, the sections, and what happened to several articles at once; each
file in ``articles/`` has the first draft of one article and what happened to it afterwards. A step
is one transaction.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

_AT = re.compile(r"(?P<days>\d+)d (?P<hour>\d\d):(?P<minute>\d\d)|(?P<minutes>\d+)m")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that counts back from the start of the application."""

    days: int = 0
    clock: time | None = None
    minutes: int = 0

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Return the moment that ``"38d 09:12"`` or ``"95m"`` stands for."""
        found = _AT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no moment: write '38d 09:12' or '95m'.")
        if found["minutes"]:
            return cls(minutes=int(found["minutes"]))
        return cls(int(found["days"]), time(int(found["hour"]), int(found["minute"])))

    def before(self, now: datetime) -> datetime:
        """Return the moment for a start at ``now``."""
        if self.clock is None:
            return now - timedelta(minutes=self.minutes)
        return datetime.combine(now.date() - timedelta(days=self.days), self.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one person did in one transaction; everything but ``at`` and who is optional."""

    at: Moment
    by: str | None = None
    actor: str | None = None
    reason: str | None = None
    articles: tuple[str, ...] = ()
    # to articles
    replace: tuple[tuple[str, str], ...] = ()
    prepend: str | None = None
    title: str | None = None
    summary: str | None = None
    status: str | None = None
    redate: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags_add: tuple[str, ...] = ()
    tags_remove: tuple[str, ...] = ()
    comment: str | None = None
    name: str | None = None
    uncomment: str | None = None
    delete: bool = False
    restore: bool = False
    revert: int = 0
    # to others
    create: Draft | None = None
    section: Mapping[str, Any] | None = None
    tag: Mapping[str, Any] | None = None
    person: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as it was first saved."""

    slug: str
    title: str
    summary: str
    body: str
    section: str
    author: str
    tags: tuple[str, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the demo data are made from; the steps are in the order of their times."""

    opened: Moment
    people: tuple[Mapping[str, Any], ...]
    sections: tuple[Mapping[str, Any], ...]
    steps: tuple[Step, ...]


def read_story(folder: Path = HERE) -> Story:
    """Return the story as the files of a folder tell it.

    :raises ValueError: naming the file whose step has an unknown key or no proper time
    """
    newsroom = _load(folder / "newsroom.toml")
    steps = [_step(raw, "newsroom.toml") for raw in newsroom["step"]]
    for file in sorted((folder / "articles").glob("*.toml")):
        steps += _article_steps(file.stem, _load(file))
    # Any common start gives the same order; ties keep the order of the files.
    common = datetime(2000, 1, 1, 23, 59)
    return Story(
        opened=Moment.parse(newsroom["opened"]),
        people=tuple(newsroom["person"]),
        sections=tuple(newsroom["section"]),
        steps=tuple(sorted(steps, key=lambda step: step.at.before(common))),
    )


def _load(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _article_steps(slug: str, raw: Mapping[str, Any]) -> list[Step]:
    draft = Draft(
        slug=slug,
        title=raw["title"],
        summary=raw["summary"],
        body=raw["body"].strip(),
        section=raw["section"],
        author=raw["author"],
        tags=tuple(raw["tags"]),
        settings=raw["settings"],
    )
    created = Step(at=Moment.parse(raw["created"]), by=draft.author, create=draft)
    return [created, *(_step({"articles": [slug], **one}, f"{slug}.toml") for one in raw["step"])]


def _step(raw: Mapping[str, Any], file: str) -> Step:
    unknown = raw.keys() - {each.name for each in fields(Step)}
    if unknown:
        raise ValueError(f"{file}: no step has {', '.join(sorted(unknown))}.")
    values = {key: _frozen(value) for key, value in raw.items()}
    return Step(**{**values, "at": Moment.parse(raw["at"])})


def _frozen(value: Any) -> Any:
    """TOML arrays as tuples, all the way down; tables stay as they are."""
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
