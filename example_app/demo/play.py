"""Plays the story of the demo data into the database: one transaction a step, with its own date.

This is also how an application writes history on behalf of others: ``continuum.transaction`` says
who, when and why; the rest is ordinary work with the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from example_app.demo.story import Draft, Step, Story, read_story
from example_app.extensions import continuum, db
from example_app.forms import find_or_make_tags, slugify
from example_app.models import Article, Comment, Role, Section, Status, Tag, User, utcnow
from flask_continuum import plan_revert, version_class


def fill(now: datetime | None = None) -> int:
    """Write the whole story into empty tables.

    :param now: when the story ends, as naive UTC; the present moment when left out
    :returns: the number of transactions
    """
    story = read_story()
    cast = Cast(now or utcnow())
    open_newsroom(story, cast)
    for step in story.steps:
        play(step, cast)
    return len(story.steps) + 1


class Cast:
    """Whom and what the steps speak about, by the names that the story gives them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.article_ids: dict[str, int] = {}
        self.comment_ids: dict[tuple[str, str], int] = {}

    def person(self, handle: str) -> User:
        return db.session.scalars(sa.select(User).where(User.handle == handle)).one()

    def section(self, slug: str) -> Section:
        return db.session.scalars(sa.select(Section).where(Section.slug == slug)).one()

    def article(self, slug: str) -> Article:
        return db.session.get_one(Article, self.article_ids[slug])


def open_newsroom(story: Story, cast: Cast) -> None:
    """Make the people and the sections, in one transaction before everything else."""
    with continuum.transaction(
        actor="Set-up", issued_at=story.opened.before(cast.now), reason="The Tideline opens."
    ):
        add_people(story)
        for position, section in enumerate(story.sections):
            db.session.add(Section(**section, position=10 * (position + 1)))
        db.session.commit()


def fill_people() -> None:
    """Write only the people of the story, who join now: for a newsroom of imported repositories."""
    with continuum.transaction(actor="Set-up", reason="The people of The Tideline join."):
        add_people(read_story())
        db.session.commit()


def add_people(story: Story) -> None:
    """Put the people of the story into the session."""
    for person in story.people:
        email = f"{person['handle']}@tideline.example"
        values = {**person, "role": Role(person["role"]), "email": email, "can_log_in": True}
        db.session.add(User(**values))


def play(step: Step, cast: Cast) -> None:
    """Do what a step says, as one transaction of its person at its time."""
    when = step.at.before(cast.now)
    actor: User | str | None = cast.person(step.by) if step.by else step.actor
    with continuum.transaction(
        actor=actor, issued_at=when, reason=step.reason, kind=None if step.by else "command"
    ):
        if step.create:
            create(step.create, cast)
        for slug in step.articles:
            change_article(slug, step, cast, when)
        if step.section:
            change(cast.section(step.section["slug"]), step.section)
        if step.person:
            change(cast.person(step.person["handle"]), step.person)
        if step.tag:
            found = db.session.scalars(sa.select(Tag).where(Tag.slug == step.tag["slug"])).one()
            change(found, step.tag)
        db.session.commit()


def create(draft: Draft, cast: Cast) -> None:
    """Save an article for the first time."""
    article = Article(
        title=draft.title,
        summary=draft.summary,
        body=draft.body,
        settings=dict(draft.settings),
        section=cast.section(draft.section),
        author=cast.person(draft.author),
        tags=find_or_make_tags(draft.tags),
    )
    db.session.add(article)
    db.session.flush()
    cast.article_ids[draft.slug] = article.id


def change(record: User | Section | Tag, values: Mapping[str, Any]) -> None:
    """Give a record new values, or delete it."""
    if values.get("delete"):
        db.session.delete(record)
        return
    for key, value in values.items():
        setattr(record, key, Role(value) if key == "role" else value)


def change_article(slug: str, step: Step, cast: Cast, when: datetime) -> None:
    """Do to one article what a step says."""
    if step.restore:
        restore(cast.article_ids[slug])
        return
    article = cast.article(slug)
    if step.delete:
        db.session.delete(article)
        return
    if step.revert:
        revert(article, step.revert)
        return
    rewrite(article, step)
    if step.status:
        article.status = Status(step.status)
        if article.status is Status.PUBLISHED and article.published_on is None:
            article.published_on = when.date()
    if step.redate:
        article.published_on = when.date()
    if step.settings:
        article.settings = {**article.settings, **step.settings}
    gone = {slugify(name) for name in step.tags_remove}
    if step.tags_add or gone:
        kept = [tag for tag in article.tags if tag.slug not in gone]
        article.tags = kept + find_or_make_tags(step.tags_add)
    discuss(article, slug, step, cast, when)


def rewrite(article: Article, step: Step) -> None:
    """Change the words of an article.

    :raises ValueError: when the words to replace are not there exactly once
    """
    article.title = step.title or article.title
    article.summary = step.summary or article.summary
    body = article.body
    for old, new in step.replace:
        if body.count(old) != 1:
            raise ValueError(f"{article.title!r} has {old!r} {body.count(old)} times, not once.")
        body = body.replace(old, new)
    article.body = f"{step.prepend}\n\n{body}" if step.prepend else body


def discuss(article: Article, slug: str, step: Step, cast: Cast, when: datetime) -> None:
    """Add or remove a comment."""
    if step.uncomment:
        comment_id = cast.comment_ids[slug, step.uncomment]
        db.session.delete(db.session.get_one(Comment, comment_id))
    if step.comment and step.by:
        comment = Comment(
            article=article, author=cast.person(step.by), body=step.comment, created_at=when
        )
        db.session.add(comment)
        db.session.flush()
        if step.name:
            cast.comment_ids[slug, step.name] = comment.id


def earlier(article_id: int, steps: int) -> Any:
    """Return the version of an article that lies so many versions before the newest."""
    ArticleVersion = version_class(Article)
    return db.session.scalars(
        sa.select(ArticleVersion)
        .where(ArticleVersion.id == article_id)
        .order_by(ArticleVersion.transaction_id.desc())
        .offset(steps)
        .limit(1)
    ).one()


def revert(article: Article, steps: int) -> None:
    """Take an article back to what it was so many versions ago."""
    session = db.session()
    plan_revert(session, earlier(article.id, steps)).apply(session)


def restore(article_id: int) -> None:
    """Take the deletion of an article back: it returns with the comments and tags it had."""
    session = db.session()
    deletion = earlier(article_id, 0)
    plan_revert(session, deletion).apply(session)
