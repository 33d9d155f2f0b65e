"""What people type into the newsroom's forms, read and judged before it reaches a model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import date

import sqlalchemy as sa

from example_app.extensions import db
from example_app.models import Article, Section, Status, Tag

UNSAID = {"layout": "news", "comments_open": True, "pinned": False}
"""What holds for an article whose settings do not say."""
LAYOUTS = {"news": "News", "feature": "Feature", "live": "Live report"}


def slugify(name: str) -> str:
    """Return a name as an address can carry it, or ``""`` when nothing of it can."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


@dataclass(frozen=True, slots=True)
class ArticleForm:
    """The fields of an article as text, so that a refused form shows what was typed."""

    title: str = ""
    summary: str = ""
    body: str = ""
    status: str = Status.DRAFT.value
    section_id: str = ""
    tags: str = ""
    published_on: str = ""
    layout: str = "news"
    comments_open: bool = True
    pinned: bool = False
    reason: str = ""

    @classmethod
    def of(cls, article: Article) -> ArticleForm:
        """Return the form filled with what an article says now."""
        settings = article.settings or {}
        return cls(
            title=article.title,
            summary=article.summary,
            body=with_plain_line_ends(article.body),
            status=article.status.value,
            section_id=str(article.section_id),
            tags=", ".join(tag.name for tag in article.tags),
            published_on=article.published_on.isoformat() if article.published_on else "",
            layout=str(settings.get("layout", "news")),
            comments_open=bool(settings.get("comments_open", True)),
            pinned=bool(settings.get("pinned", False)),
        )

    @classmethod
    def read(cls, form: Mapping[str, str]) -> ArticleForm:
        """Return the form as it was sent; line ends become those of the database."""
        text = {
            name: form.get(name, "").strip()
            for name in ("title", "summary", "tags", "reason", "status", "section_id")
        }
        return cls(
            **text,
            body=with_plain_line_ends(form.get("body", "")),
            published_on=form.get("published_on", "").strip(),
            layout=form.get("layout", "news"),
            comments_open="comments_open" in form,
            pinned="pinned" in form,
        )

    @property
    def fingerprint(self) -> str:
        """A text that is another when any field but the reason is another."""
        fields = astuple(replace(self, reason=""))
        return hashlib.sha256(repr(fields).encode()).hexdigest()[:32]

    def problems(self, sections: Mapping[int, Section]) -> dict[str, str]:
        """Return what is wrong, by field, in words that say what to do; empty when all is well."""
        found: dict[str, str] = {}
        if not self.title:
            found["title"] = "Give the article a title."
        elif len(self.title) > 200:
            found["title"] = "Shorten the title to 200 characters."
        if not self.body.strip():
            found["body"] = "Write at least a sentence."
        if self.status not in {status.value for status in Status}:
            found["status"] = "Choose one of the states."
        if not self.section_id.isdecimal() or int(self.section_id) not in sections:
            found["section_id"] = "Choose a section."
        if self.layout not in LAYOUTS:
            found["layout"] = "Choose one of the layouts."
        if any(len(name) > 120 or not slugify(name) for name in self.tag_names):
            found["tags"] = "A tag is a word or two, at most 120 characters."
        if self.published_on and self.date is None:
            found["published_on"] = "Write the date as year-month-day, such as 2026-03-09."
        elif self.status == Status.PUBLISHED.value and self.date is None:
            found["published_on"] = "A published article needs its date."
        return found

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags as typed, without empty ones."""
        return tuple(name for name in (part.strip() for part in self.tags.split(",")) if name)

    @property
    def date(self) -> date | None:
        """The date of publication, or None when it is missing or no date."""
        try:
            return date.fromisoformat(self.published_on)
        except ValueError:
            return None

    def write(self, article: Article) -> None:
        """Put the fields into an article. The form must be free of problems."""
        article.title = self.title
        article.summary = self.summary
        if self.body != with_plain_line_ends(article.body or ""):
            # Forms cannot carry every line end: a text that was not touched stays as it is.
            article.body = self.body
        article.status = Status(self.status)
        article.section_id = int(self.section_id)
        article.published_on = self.date
        settings = article.settings or {}
        # Only what differs is written: saving a title must not change the settings.
        article.settings = settings | {
            name: value
            for name in UNSAID
            if (value := getattr(self, name)) != settings.get(name, UNSAID[name])
        }
        tags = find_or_make_tags(self.tag_names)
        # Assigning an equal list in another order would be a change of nothing.
        if {tag.slug for tag in tags} != {tag.slug for tag in article.tags}:
            article.tags = tags


def with_plain_line_ends(text: str) -> str:
    """Return a text with the line ends of Unix, whatever a browser made of them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def find_or_make_tags(names: tuple[str, ...]) -> list[Tag]:
    """Return the tags of these names, new ones added to the session, each only once."""
    wanted = {slugify(name): name for name in names}
    known = db.session.scalars(sa.select(Tag).where(Tag.slug.in_(wanted))).all()
    tags = {tag.slug: tag for tag in known}
    for slug, name in wanted.items():
        if slug not in tags:
            tags[slug] = Tag(slug=slug, name=name)
            db.session.add(tags[slug])
    return [tags[slug] for slug in wanted]


@dataclass(frozen=True, slots=True)
class SectionForm:
    """Name and description of a section as typed."""

    name: str
    description: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, section: Section) -> SectionForm:
        return cls(section.name, section.description)

    @classmethod
    def read(cls, form: Mapping[str, str]) -> SectionForm:
        name = form.get("name", "").strip()
        problems: dict[str, str] = {}
        if not name:
            problems["name"] = "Give the section a name."
        elif len(name) > 200:
            problems["name"] = "Shorten the name to 200 characters."
        return cls(name, form.get("description", "").strip(), problems)
