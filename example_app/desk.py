"""The pages that change something: writing, editing and deleting articles, comments, sections.

Every save names its reason to the history: ``continuum.transaction(reason=…)``.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from example_app.access import chief_only, may_write, people_only, person, writers_only
from example_app.extensions import continuum, db
from example_app.forms import LAYOUTS, ArticleForm, SectionForm, with_plain_line_ends
from example_app.models import Article, Comment, Section, Status
from example_app.pages import for_lists, readable_article, sections_in_order
from example_app.security import require_csrf_token
from flask_continuum.templating import history_link

desk = Blueprint("desk", __name__)
desk.before_request(require_csrf_token)

LONGEST_COMMENT = 2_000


@desk.get("/desk")
@writers_only
def overview() -> ResponseReturnValue:
    """List what is not published yet."""
    articles = db.session.scalars(
        for_lists(sa.select(Article))
        .where(Article.status.in_((Status.DRAFT, Status.REVIEW)))
        .order_by(Article.id.desc())
    ).all()
    return render_template("newsroom/desk.html", articles=articles)


@desk.route("/articles/new", methods=["GET", "POST"])
@writers_only
def create() -> ResponseReturnValue:
    """Write a new article."""
    if request.method == "GET":
        return show_form(ArticleForm(section_id=request.args.get("section", "")), {}, None)
    form = ArticleForm.read(request.form)
    if problems := form.problems(sections_by_id()):
        return show_form(form, problems, None)
    article = Article(author_id=person().id, settings={})
    with continuum.transaction(reason=form.reason or None):
        form.write(article)
        db.session.add(article)
        db.session.commit()
    flash(f"“{article.title}” is saved.")
    return redirect(url_for("newsroom.article", article_id=article.id))


@desk.route("/articles/<int:article_id>/edit", methods=["GET", "POST"])
@writers_only
def edit(article_id: int) -> ResponseReturnValue:
    """Change an article."""
    article = readable_article(article_id)
    if request.method == "GET":
        return show_form(ArticleForm.of(article), {}, article)
    form = ArticleForm.read(request.form)
    if problems := form.problems(sections_by_id()):
        return show_form(form, problems, article)
    if request.form.get("seen") != ArticleForm.of(article).fingerprint:
        return show_form(form, {}, article, overtaken=True)
    with continuum.transaction(reason=form.reason or None):
        form.write(article)
        db.session.commit()
    flash(f"“{article.title}” is saved.")
    return redirect(url_for("newsroom.article", article_id=article.id))


@desk.route("/articles/<int:article_id>/delete", methods=["GET", "POST"])
@writers_only
def delete(article_id: int) -> ResponseReturnValue:
    """Ask whether an article should go, and delete it with its comments."""
    article = readable_article(article_id)
    if request.method == "GET":
        return render_template("newsroom/delete.html", article=article)
    section = article.section.slug
    done = Markup("“{}” is deleted. The chief can restore it from {}.").format(
        article.title, history_link(article, "its history") or "its history"
    )
    with continuum.transaction(reason=request.form.get("reason", "").strip() or None):
        db.session.delete(article)
        db.session.commit()
    flash(done)
    return redirect(url_for("newsroom.section", slug=section))


@desk.post("/articles/<int:article_id>/comments")
@people_only
def comment(article_id: int) -> ResponseReturnValue:
    """Say something below an article."""
    article = readable_article(article_id)
    if not (article.settings or {}).get("comments_open", True):
        abort(403, "Comments on this article are closed.")
    body = with_plain_line_ends(request.form.get("body", "")).strip()
    address = url_for("newsroom.article", article_id=article.id, _anchor="comments")
    if not body:
        flash("Write something first: the comment was empty.", "problem")
    elif len(body) > LONGEST_COMMENT:
        flash(f"Shorten the comment to {LONGEST_COMMENT} characters.", "problem")
    else:
        db.session.add(Comment(article_id=article.id, author_id=person().id, body=body))
        db.session.commit()
    return redirect(address)


@desk.post("/comments/<int:comment_id>/delete")
@people_only
def delete_comment(comment_id: int) -> ResponseReturnValue:
    """Remove a comment: one's own, or as an editor anybody's."""
    found = db.get_or_404(Comment, comment_id)
    if found.author_id != person().id and not may_write():
        abort(403)
    article_id = found.article_id
    db.session.delete(found)
    db.session.commit()
    flash("The comment is removed.")
    return redirect(url_for("newsroom.article", article_id=article_id, _anchor="comments"))


@desk.route("/sections/<slug>/edit", methods=["GET", "POST"])
@chief_only
def edit_section(slug: str) -> ResponseReturnValue:
    """Give a section another name or description; its address stays."""
    section = db.first_or_404(sa.select(Section).where(Section.slug == slug))
    form = SectionForm.of(section) if request.method == "GET" else SectionForm.read(request.form)
    if request.method == "GET" or form.problems:
        page = render_template("newsroom/section_form.html", section=section, form=form)
        return page, 422 if form.problems else 200
    section.name, section.description = form.name, form.description
    db.session.commit()
    flash(f"The section is now called “{section.name}”.")
    return redirect(url_for("newsroom.section", slug=section.slug))


def sections_by_id() -> dict[int, Section]:
    """Return all sections by their key, in the order of the menu."""
    return {section.id: section for section in db.session.scalars(sections_in_order())}


def show_form(
    form: ArticleForm,
    problems: dict[str, str],
    article: Article | None,
    *,
    overtaken: bool = False,
) -> ResponseReturnValue:
    """Render the article form; with problems the answer's status says so.

    :param overtaken: whether somebody saved the article while this form was being filled in
    """
    page = render_template(
        "newsroom/article_form.html",
        form=form,
        problems=problems,
        article=article,
        sections=sections_by_id().values(),
        statuses=list(Status),
        layouts=LAYOUTS,
        overtaken=overtaken,
        # What the person has seen: a form sent twice shows what changed in between only once.
        seen=request.form.get("seen", "") if problems else seen_now(article),
    )
    if overtaken:
        return page, 409
    return page, 422 if problems else 200


def seen_now(article: Article | None) -> str:
    """Return what tells whether an article is still as it was when its form was opened."""
    return ArticleForm.of(article).fingerprint if article is not None else ""
