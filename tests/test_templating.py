from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, render_template_string
from flask_sqlalchemy import SQLAlchemy
from jinja2 import UndefinedError
from markupsafe import Markup

from flask_continuum import Continuum
from flask_continuum.policy import Action, Decision, DefaultPolicy, allow, deny
from flask_continuum.templating import (
    changed_by,
    diff,
    field_history,
    history_link,
    history_url,
    last_change,
    preload_history,
    timeline,
)
from tests.support.statements import statements


class Reader:
    """Who reads the pages; ``None`` as name is nobody."""

    def __init__(self) -> None:
        self.name: str | None = "Maya"


class Rules(DefaultPolicy):
    """What tests switch off."""

    hidden_records: set[int] = set()
    hidden_models: set[str] = set()

    def decide(self, action: Action, user: Any, **about: Any) -> Decision:
        decision = super().decide(action, user, **about)
        thing = about.get("record") or about.get("version")
        if action is Action.VIEW and thing is not None and thing.id in self.hidden_records:
            return deny("hidden")
        if (
            action is Action.VIEW
            and getattr(about.get("model"), "__name__", "") in self.hidden_models
        ):
            return deny("hidden")
        return decision if not decision else allow()


class Site:
    """A small site with articles, tags and sections, and a log-in of its own."""

    def __init__(self, admin: bool = True, **config: Any) -> None:
        self.db = db = SQLAlchemy()
        self.reader = Reader()
        self.policy = Rules(lambda user: True)
        self.policy.hidden_records, self.policy.hidden_models = set(), set()
        self.continuum = Continuum(
            db=db, user_cls=None, policy=self.policy, actor=lambda: self.reader.name
        )
        tagging = db.Table(
            "tagging",
            db.Column("article_id", db.ForeignKey("article.id"), primary_key=True),
            db.Column("tag_id", db.ForeignKey("tag.id"), primary_key=True),
        )

        class Section(db.Model):  # type: ignore[name-defined,misc]
            __versioned__: Any = {}
            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(50))

        class Tag(db.Model):  # type: ignore[name-defined,misc]
            __versioned__: Any = {}
            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(50))

        class Article(db.Model):  # type: ignore[name-defined,misc]
            __versioned__: Any = {}
            id = db.Column(db.Integer, primary_key=True)
            title = db.Column(db.String(50))
            api_token = db.Column(db.String(50))
            words = db.Column(db.Integer)
            section_id = db.Column(db.ForeignKey("section.id"))
            section = db.relationship(Section)
            tags = db.relationship(Tag, secondary=tagging)

        class Note(db.Model):  # type: ignore[name-defined,misc]
            id = db.Column(db.Integer, primary_key=True)

        self.Article, self.Tag, self.Section, self.Note = Article, Tag, Section, Note
        self.app = app = Flask("site")
        app.config.update(
            SECRET_KEY="test",
            SQLALCHEMY_DATABASE_URI="sqlite://",
            CONTINUUM_ADMIN=admin,
            **config,
        )
        db.init_app(app)
        self.continuum.init_app(app)
        with app.app_context():
            db.create_all()

    def add(self, title: str = "Harbour", **values: Any) -> Any:
        article = self.Article(title=title, **values)
        self.db.session.add(article)
        self.db.session.commit()
        return article

    def close(self) -> None:
        with self.app.app_context():
            for engine in self.db.engines.values():
                engine.dispose()


def opened(site: Site) -> Iterator[Site]:
    with site.app.test_request_context("/"):
        yield site
    site.close()


@pytest.fixture
def site() -> Iterator[Site]:
    yield from opened(Site())


@pytest.fixture
def bare() -> Iterator[Site]:
    """The same without history pages."""
    yield from opened(Site(admin=False))


def helpers_of(obj: Any) -> list[Any]:
    return [history_url(obj), history_link(obj), last_change(obj), timeline(obj)]


# --- links -------------------------------------------------------------------------------------


def test_links_lead_to_the_timeline_and_to_versions(site: Site) -> None:
    article = site.add()
    version = article.versions[0]

    assert history_url(article) == "/history/records/article/1"
    assert history_url(version) == f"/history/records/article/1/{version.transaction_id}"
    assert history_link(article) == (
        '<a class="hc-link" href="/history/records/article/1" '
        'aria-label="History of article 1">History</a>'
    )
    assert history_link(article, "<b>") == (
        '<a class="hc-link" href="/history/records/article/1">&lt;b&gt;</a>'
    )
    client = site.app.test_client()
    for address in (history_url(article), history_url(version)):
        assert client.get(address).status_code == 200


def test_without_pages_there_are_no_links_and_all_else_works(bare: Site) -> None:
    article = bare.add()

    assert history_url(article) == ""
    assert history_link(article) == ""
    assert last_change(article).who == "Maya"
    assert "created the article" in timeline(article)
    assert "href" not in timeline(article)
    assert "Harbour" in diff(article.versions[0])
    assert "continuum" not in bare.app.blueprints


def test_outside_a_request_links_are_left_out() -> None:
    site = Site()
    with site.app.app_context():
        article = site.add()
        assert history_url(article) == ""
        assert str(last_change(article)).startswith("Maya, today")
    site.app.config["SERVER_NAME"] = "news.example"
    with site.app.app_context():
        article = site.db.session.get(site.Article, 1)
        assert history_url(article) == "http://news.example/history/records/article/1"
    site.close()


# --- nothing -----------------------------------------------------------------------------------


def test_where_nothing_may_be_seen_nothing_is_rendered(site: Site) -> None:
    article, other = site.add(), site.add()
    site.policy.hidden_records = {article.id}

    assert [str(each) for each in helpers_of(article)] == ["", "", "", ""]
    assert not any(helpers_of(article))
    assert diff(article.versions[0]) == ""
    assert preload_history([article, other]) == ""
    assert all(helpers_of(other))


def test_without_a_setting_nothing_is_rendered_and_no_statement_sent(site: Site) -> None:
    article = site.add()
    site.policy.admin_user = None
    version = article.versions[0]
    with statements(site.db.engine) as sent:
        assert [str(each) for each in [*helpers_of(article), diff(version)]] == [""] * 5
        preload_history([article])
    assert sent == []


def test_nobody_sees_nothing(site: Site) -> None:
    article = site.add()
    site.reader.name = None
    assert not any(helpers_of(article))


@pytest.mark.parametrize("kind", ["none", "not versioned", "not saved"])
def test_what_has_no_history_renders_nothing(site: Site, kind: str) -> None:
    note = site.Note(id=1)
    site.db.session.add(note)
    site.db.session.commit()
    thing = {"none": None, "not versioned": note, "not saved": site.Article(title="x")}[kind]

    assert [str(each) for each in [*helpers_of(thing), diff(thing)]] == [""] * 5
    preload_history([thing])


def test_what_is_no_record_is_an_error_that_says_so(site: Site) -> None:
    with pytest.raises(TypeError, match=r"history_link\(\) takes a record.*'article'"):
        history_link("article")
    with pytest.raises(UndefinedError, match="'artcle' is undefined"):
        render_template_string("{{ timeline(artcle) }}")
    with pytest.raises(TypeError, match=r"diff\(\) takes a version"):
        diff(site.add())


def test_an_application_without_history_has_no_helpers() -> None:
    app = Flask("plain")
    assert "history_url" not in app.jinja_env.globals


def test_names_of_the_application_win() -> None:
    db, app = SQLAlchemy(), Flask("site")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", CONTINUUM_ADMIN=False)
    app.add_template_global(lambda: "mine", "timeline")
    db.init_app(app)
    Continuum(app, db)
    with app.test_request_context("/"):
        assert render_template_string("{{ timeline() }}") == "mine"


# --- the last change ---------------------------------------------------------------------------


def test_the_last_change_says_who_and_when(site: Site) -> None:
    article = site.add()
    before = datetime.now(UTC)
    site.reader.name = "Tomás <b>"
    with site.continuum.transaction(reason="Too long"):
        article.title, article.words = "Bridge", 3
        site.db.session.commit()

    change = last_change(article)

    assert change
    assert change.who == "Tomás <b>"
    assert change.label == "changed 2 fields"
    assert change.fields == ("Title", "Words")
    assert change.reason == "Too long"
    assert before - timedelta(seconds=1) <= change.when <= datetime.now(UTC)
    assert str(change) == f"Tomás <b>, today, {change.when:%H:%M}"
    assert change.url == f"/history/records/article/1/{article.versions[1].transaction_id}"
    rendered = render_template_string("{{ last_change(article) }}", article=article)
    assert rendered.startswith('<span class="hc-last"><bdi>Tomás &lt;b&gt;</bdi>, <time datetime="')
    assert rendered.endswith("</time></span>")


def test_it_is_shown_in_the_reader_s_time_zone() -> None:
    site = Site(CONTINUUM_TIMEZONE="Asia/Tokyo", CONTINUUM_USER_TIMEZONE=lambda user: None)
    with site.app.test_request_context("/"):
        with site.continuum.transaction(issued_at=datetime(2026, 3, 3, 20, 5)):
            article = site.add()
        assert str(last_change(article)) == "Maya, 4 Mar 2026, 05:05"
        assert last_change(article).when == datetime(2026, 3, 3, 20, 5, tzinfo=UTC)
    site.close()


def test_a_tag_given_is_a_change_of_the_article_and_not_of_the_tag(site: Site) -> None:
    article = site.add()
    tag = site.Tag(name="sea")
    site.db.session.add(tag)
    site.db.session.commit()
    site.reader.name = "Ines"
    article.tags.append(tag)
    site.db.session.commit()

    assert (last_change(article).who, last_change(article).label) == ("Ines", "changed tags")
    assert "Tags" not in timeline(article), "what the sentence says is not said twice"
    assert last_change(tag).who == "Maya"


def test_of_a_version_it_is_the_change_that_made_it(site: Site) -> None:
    article = site.add()
    site.reader.name = "Ines"
    article.title = "Bridge"
    site.db.session.commit()

    assert [last_change(version).who for version in article.versions] == ["Maya", "Ines"]


def test_hidden_fields_take_no_part(site: Site) -> None:
    article = site.add(api_token="one")
    article.title, article.api_token = "Bridge", "two"
    site.db.session.commit()
    (version,) = article.versions[1:]

    assert last_change(article).label == "changed 1 field"
    assert "token" not in str(timeline(article)).lower()
    assert "token" not in str(diff(version)).lower()
    article.api_token = "three"
    site.db.session.commit()
    assert last_change(article).fields == ()


def test_somebody_without_a_name_is_unknown(site: Site) -> None:
    site.reader.name = None
    article = site.add()
    site.reader.name = "Maya"
    assert last_change(article).who == "Unknown"


# --- the timeline ------------------------------------------------------------------------------


def test_a_timeline_lists_the_newest_first(site: Site) -> None:
    article = site.add()
    for number in range(4):
        site.reader.name = f"<{number}>"
        article.words = number
        site.db.session.commit()

    rendered = timeline(article, limit=3)

    assert isinstance(rendered, Markup)
    assert rendered.count("<li>") == 3
    assert rendered.index("&lt;3&gt;") < rendered.index("&lt;2&gt;") < rendered.index("&lt;1&gt;")
    assert "changed 1 field" in rendered
    assert "created" not in rendered
    assert timeline(article, limit=50).count("<li>") == 5
    assert timeline(article, limit=0) == ""


def test_an_earlier_record_of_the_same_key_is_another_one(site: Site) -> None:
    site.db.session.delete(site.add())
    site.db.session.commit()
    again = site.add("Again")
    assert again.id == 1

    assert timeline(again).count("<li>") == 1
    assert "created the article" in timeline(again)


def test_the_application_may_override_a_template(tmp_path: Any) -> None:
    folder = tmp_path / "continuum" / "helpers"
    folder.mkdir(parents=True)
    (folder / "timeline.html").write_text("{{ changes|length }} changes")
    site = Site()
    site.app.jinja_loader.searchpath.append(str(tmp_path))
    with site.app.test_request_context("/"):
        assert timeline(site.add()) == "1 changes"
    site.close()


# --- the difference ----------------------------------------------------------------------------


def test_a_difference_shows_fields_references_and_links(site: Site) -> None:
    city, port = site.Section(name="City <b>"), site.Section(name="Port")
    sea = site.Tag(name="sea")
    site.db.session.add_all([city, port, sea])
    site.db.session.commit()
    article = site.add("The harbour bridge reopens in May", section=city)
    article.title, article.section, article.tags = "The harbour ferry reopens in May", port, [sea]
    site.db.session.commit()
    first, second = article.versions

    created, changed = diff(first), diff(second)

    assert "<ins>" in created and "The harbour bridge" in created
    assert "City &lt;b&gt;" in created
    assert "<del>bridge</del>" in changed and re.search("<ins[^>]*>ferry</ins>", changed)
    assert "City &lt;b&gt;" in changed and "Port" in changed
    assert "sea" in changed
    assert "Section ID" not in changed
    assert last_change(article).fields == ("Title", "Section", "Tags")


def test_titles_are_those_of_the_time(site: Site) -> None:
    city, port = site.Section(name="City"), site.Section(name="Port")
    site.db.session.add_all([city, port])
    site.db.session.commit()
    article = site.add("x", section=city)
    article.section = port
    site.db.session.commit()
    port.name = "Harbour"
    site.db.session.commit()

    assert "Port" in diff(article.versions[1])


def test_related_records_that_may_not_be_seen_are_not_named(site: Site) -> None:
    sea, port = site.Tag(name="sea"), site.Section(name="Port")
    article = site.add("Harbour", tags=[sea], section=port)
    site.policy.hidden_models = {"Tag", "Section"}

    rendered = diff(article.versions[0])

    assert "Harbour" in rendered
    assert "sea" not in rendered
    assert "Port" not in rendered


# --- one field ---------------------------------------------------------------------------------


def test_the_values_of_a_field_stand_with_who_set_them(site: Site) -> None:
    article = site.add("Harbour <b>")
    site.reader.name = "Tom"
    article.title = None
    site.db.session.commit()
    article.words = 3
    site.db.session.commit()

    html = field_history(article, "title")

    now, before = re.findall("<li.*?</li>", html, re.DOTALL)
    assert 'aria-current="true"' in now and "not set" in now and "Tom" in now
    assert "Harbour &lt;b&gt;" in before and "Maya" in before and "aria-current" not in before
    assert f'href="/history/records/article/1/{article.versions[1].transaction_id}"' in now
    assert field_history(article, "title", limit=1).count("<li") == 1
    assert field_history(article, "title", limit=0) == ""
    assert field_history(article.versions[0], "title").count("<li") == 2
    assert field_history(None, "title") == ""
    rendered = render_template_string('{{ field_history(article, "title") }}', article=article)
    assert rendered == html


def test_a_reference_has_a_history_of_titles_under_either_name(site: Site) -> None:
    city, port = site.Section(name="City"), site.Section(name="Port")
    article = site.add(section=city)
    article.section = port
    site.db.session.commit()
    html = field_history(article, "section")
    assert html.index("Port") < html.index("City")
    assert field_history(article, "section_id") == html


def test_hidden_values_of_a_field_are_left_out(site: Site) -> None:
    article = site.add(api_token="sesame")
    assert field_history(article, "api_token") == ""
    site.policy.hidden_records.add(1)
    assert field_history(article, "title") == ""


def test_a_field_that_there_is_not_is_named(site: Site) -> None:
    with pytest.raises(
        ValueError, match=r"Article has no field 'titel' with a history\. It has id"
    ):
        field_history(site.add(), "titel")


def test_who_changed_it_is_a_filter(site: Site) -> None:
    article = site.add()
    assert changed_by(article) == "Maya"
    rendered = render_template_string(
        "{{ article|changed_by }}{{ none|changed_by }}", article=article
    )
    assert rendered == "Maya"
    site.policy.hidden_records.add(1)
    assert changed_by(article) == ""


def test_nothing_is_rendered_while_history_is_off(site: Site) -> None:
    article = site.add()
    version = article.versions[0]
    site.continuum.manager.options["versioning"] = False
    try:
        with statements(site.db.engine) as sent:
            everything = [
                history_url(article),
                history_link(article),
                str(last_change(article)),
                timeline(article),
                diff(version),
                field_history(article, "title"),
                changed_by(article),
                preload_history([article]),
            ]
        assert everything == [""] * 8 and sent == []
    finally:
        site.continuum.manager.options["versioning"] = True
    assert history_url(article)


# --- statements --------------------------------------------------------------------------------


def preloaded(site: Site, articles: list[Any]) -> tuple[int, int]:
    """The statements that preloading costs, and those of rendering afterwards."""
    with statements(site.db.engine) as loading:
        preload_history(articles)
    with statements(site.db.engine) as rendering:
        for article in articles:
            assert history_link(article)
            assert last_change(article)
            assert changed_by(article) == "Maya"
            assert timeline(article)
            assert timeline(article, limit=3)
    return len(loading), len(rendering)


def test_a_preloaded_list_costs_a_constant_number_of_statements(site: Site) -> None:
    articles = [site.add(f"a{number}") for number in range(60)]
    for article in articles[:30]:
        for number in range(12):
            article.words = number
            site.db.session.flush()
            site.db.session.commit()

    def counted(few: list[Any]) -> tuple[int, int]:
        site.db.session.commit()
        for each in few:
            site.db.session.refresh(each)
        return preloaded(site, few)

    assert counted(articles[:3]) == counted(articles) == (4, 0)


def test_preloading_several_models_and_rendering_one_more_change(site: Site) -> None:
    article, tag = site.add(), site.Tag(name="sea")
    site.db.session.add(tag)
    site.db.session.commit()
    for number in range(8):
        article.words = number
        site.db.session.commit()
    preload_history([article, tag, None], limit=2)
    with statements(site.db.engine) as sent:
        assert last_change(tag).label.startswith("created the tag")
        assert timeline(tag, limit=10).count("<li>") == 1  # there are no more
        assert timeline(article, limit=2).count("<li>") == 2
        assert sent == []
        assert timeline(article, limit=4).count("<li>") == 4
        assert sent != []


def test_what_was_preloaded_does_not_outlive_the_transaction(site: Site) -> None:
    article = site.add()
    preload_history([article])
    article.title = "Bridge"
    site.db.session.commit()

    assert last_change(article).label == "changed 1 field"


def test_a_timeline_costs_the_same_for_any_history(site: Site) -> None:
    article = site.add()
    costs = []
    for rounds in (1, 60):
        for number in range(rounds):
            article.words = (article.words or 0) + number + 1
            site.db.session.commit()
        site.db.session.refresh(article)
        with statements(site.db.engine) as sent:
            timeline(article)
        costs.append(len(sent))
    assert costs == [4, 4]


def test_the_helpers_are_there_in_macros_and_included_templates(bare: Site) -> None:
    article = bare.add()
    source = "{% macro line(a) %}{{ last_change(a).who }}{% endmacro %}{{ line(article) }}"
    assert render_template_string(source, article=article) == "Maya"


def test_templates_of_helpers_ask_nothing_of_the_application(bare: Site) -> None:
    @bare.app.context_processor
    def explode() -> dict[str, Any]:
        raise AssertionError("a context processor was run for a helper")

    assert timeline(bare.add())


def test_versions_of_unversioned_sessions_are_read_in_the_object_s_session(bare: Site) -> None:
    article_id = bare.add().id
    with sa.orm.Session(bare.db.engine) as session:
        assert last_change(session.get(bare.Article, article_id)).who == "Maya"
