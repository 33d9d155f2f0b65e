"""The pages everybody may read: front page, sections, tags, articles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import defer, joinedload, selectinload

from example_app.access import may_write
from example_app.extensions import db
from example_app.models import Article, Comment, Section, Status, Tag

pages = Blueprint("newsroom", __name__)

PAGE_SIZE = 24
ON_FRONT = 4


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """A page of a list, with the numbers of the pages before and after it, if any."""

    items: tuple[Article, ...]
    total: int
    newer: int | None
    older: int | None


@pages.app_context_processor
def menu() -> dict[str, Any]:
    """Give every page of the newsroom the sections for its menu."""
    return {"menu_sections": db.session.scalars(sections_in_order()).all}


@pages.get("/")
def front() -> ResponseReturnValue:
    """Show the newest articles of every section."""
    rank = sa.func.row_number().over(partition_by=Article.section_id, order_by=newest_first())
    ranked = sa.select(Article.id, rank.label("rank")).where(readable()).subquery()
    articles = db.session.scalars(
        for_lists(sa.select(Article))
        .join(ranked, ranked.c.id == Article.id)
        .where(ranked.c.rank <= ON_FRONT)
        .order_by(*newest_first())
    ).all()
    sections = db.session.scalars(sections_in_order()).all()
    lead = next((article for article in articles if (article.settings or {}).get("pinned")), None)
    lead = lead or next((article for article in articles if article.path is None), None)
    by_section = {
        section: [one for one in articles if one.section_id == section.id and one is not lead]
        for section in sections
    }
    return render_template("newsroom/front.html", lead=lead, by_section=by_section)


@pages.get("/sections/<slug>")
def section(slug: str) -> ResponseReturnValue:
    """Show all articles of a section, a page at a time."""
    found = db.first_or_404(sa.select(Section).where(Section.slug == slug))
    page = page_of(sa.select(Article).where(Article.section_id == found.id))
    return render_template("newsroom/section.html", section=found, page=page)


@pages.get("/tags/<slug>")
def tag(slug: str) -> ResponseReturnValue:
    """Show all articles that carry a tag."""
    found = db.first_or_404(sa.select(Tag).where(Tag.slug == slug))
    page = page_of(sa.select(Article).where(Article.tags.any(Tag.id == found.id)))
    return render_template("newsroom/tag.html", tag=found, page=page)


@pages.get("/articles/<int:article_id>")
def article(article_id: int) -> ResponseReturnValue:
    """Show one article with its comments and, to those who may look, its latest changes."""
    return render_template("newsroom/article.html", article=readable_article(article_id))


def readable_article(article_id: int) -> Article:
    """Return an article with all that its page shows, or answer 404 when it is not readable."""
    found = db.session.scalar(
        sa.select(Article)
        .where(Article.id == article_id)
        .where(readable())
        .options(
            joinedload(Article.section),
            joinedload(Article.author),
            selectinload(Article.tags),
            selectinload(Article.comments).joinedload(Comment.author),
        )
    )
    if found is None:
        abort(404)
    return found


def sections_in_order() -> sa.Select[Any]:
    """Return a select of all sections in the order of the menu."""
    return sa.select(Section).order_by(Section.position, Section.name)


def readable() -> sa.ColumnElement[bool]:
    """Return the condition for articles that this visitor may read: writers also see drafts."""
    if may_write():
        return sa.true()
    return Article.status.in_((Status.PUBLISHED, Status.ARCHIVED))


def newest_first() -> tuple[Any, ...]:
    """Return the order of lists: unpublished on top, then by date, then files by their path."""
    return (
        Article.published_on.is_not(None),
        Article.published_on.desc(),
        Article.path,
        Article.id.desc(),
    )


def for_lists(query: sa.Select[Any]) -> sa.Select[Any]:
    """Return a select of articles with what lists show, without the long texts."""
    return query.options(
        defer(Article.body), joinedload(Article.author), joinedload(Article.section)
    )


def page_of(query: sa.Select[Any]) -> ArticlePage:
    """Return the page of a select that the address asks for (``?page=2``); 404 beyond the last."""
    number = request.args.get("page", 1, type=int)
    query = query.where(readable())
    total = db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    last = max(1, -(-total // PAGE_SIZE))
    if not 1 <= number <= last:
        abort(404)
    items = db.session.scalars(
        for_lists(query).order_by(*newest_first()).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    ).all()
    return ArticlePage(
        items=tuple(items),
        total=total,
        newer=number - 1 if number > 1 else None,
        older=number + 1 if number < last else None,
    )
