from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import flask_babel
import pytest
from babel import Locale
from flask import Flask, request

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.languages import FOLDER, Languages, open_languages
from flask_continuum.presenters.words import ENGLISH, Language
from tests.support import catalogues
from tests.support.documents import ROOT

PLACES = re.compile(r"%\(\w+\)s")


@pytest.fixture
def host() -> Iterator[Flask]:
    """An application whose readers say their language in the address."""
    app = Flask(__name__)
    flask_babel.Babel(app, locale_selector=lambda: request.args.get("lang", "en"))
    yield app


def language(host: Flask, code: str, languages: Languages | None = None) -> Language:
    with host.test_request_context(f"/?lang={code}"):
        return (languages or Languages()).current()


def test_without_babel_everything_is_english() -> None:
    with Flask(__name__).test_request_context():
        assert Languages().current() is ENGLISH


def test_a_language_without_a_catalogue_is_english_altogether(host: Flask) -> None:
    assert language(host, "fr") is ENGLISH
    assert language(host, "en_GB") is ENGLISH


def test_german_has_its_own_dates_and_numbers(host: Flask) -> None:
    german = language(host, "de")
    day = date(2026, 3, 3)
    assert (german.code, german.direction) == ("de", "ltr")
    assert german.short_date(day) == "3. März 2026"
    assert german.day_of_month(day) == "3. März"
    assert german.day_of_month(day, year=True) == "3. März 2026"
    assert german.short_day(day) == "3. März"
    assert german.weekday(day) == "Dienstag"
    assert german.clock(datetime(2026, 3, 3, 9, 5)) == "09:05"
    assert german.number(12345) == "12.345"
    assert german.decimal("12.50") == "12,50"
    assert german.inside("Artikel") == "Artikel"
    assert german.text("Log in first") == "Bitte zuerst anmelden"
    assert german.plural("%(num)s hour", "%(num)s hours", 2) == "%(num)s Stunden"


def test_a_country_has_the_catalogue_of_its_language_and_numbers_of_its_own(host: Flask) -> None:
    swiss = language(host, "de_CH")
    assert swiss.code == "de"
    assert swiss.text("Log in first") == "Bitte zuerst anmelden"
    assert swiss.number(12345) == "12’345"


def test_a_language_is_read_once(host: Flask) -> None:
    languages = Languages()
    assert language(host, "de", languages) is language(host, "de", languages)


def test_an_application_brings_languages_and_words_of_its_own(host: Flask, tmp_path: Path) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (tmp_path / "ar.po").write_text(head + 'msgid "Log in first"\nmsgstr "سجّل أولا"\n', "utf-8")
    (tmp_path / "de.po").write_text(head + 'msgid "Log in first"\nmsgstr "Wer da?"\n', "utf-8")
    languages = open_languages(host, str(tmp_path))
    arabic, german = (language(host, code, languages) for code in ("ar", "de"))
    assert (arabic.code, arabic.direction) == ("ar", "rtl")
    assert arabic.text("Log in first") == "سجّل أولا"
    assert arabic.text("Not allowed") == "Not allowed"
    assert german.text("Log in first") == "Wer da?"
    assert german.text("Not allowed") == "Nicht erlaubt"


def test_a_folder_that_is_missing_is_said_at_the_start(host: Flask) -> None:
    with pytest.raises(ImproperlyConfigured, match="CONTINUUM_TRANSLATIONS is 'words'"):
        open_languages(host, "words")


def test_the_application_names_its_models_and_fields(host: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "translations" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    catalog = Catalog(locale="de")
    catalog.add("Published at", "Erschienen")
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    host.config["BABEL_TRANSLATION_DIRECTORIES"] = str(tmp_path / "translations")
    host.extensions.pop("babel")
    flask_babel.Babel(host, locale_selector=lambda: "de")
    with host.test_request_context():
        german = Languages().current()
        assert german.name("Published at") == "Erschienen"
        assert german.name("Title") == "Title"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda path: path.stem)
def test_a_catalogue_says_all_that_is_said(path: Path) -> None:
    catalog, said = catalogues.read(path), catalogues.said()
    wanted, kept = ({each.id for each in found if each.id} for found in (said, catalog))
    assert wanted - kept == set(), "make words"
    assert kept - wanted == set(), "make words"
    for message in catalog:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), f"no translation: {ids[0]!r}"
        assert not message.fuzzy, ids[0]
        places = {place for each in ids for place in PLACES.findall(each)}
        for text in texts:
            assert set(PLACES.findall(text)) == places, text
        if isinstance(message.id, tuple):
            assert len(texts) == catalog.num_plurals, ids[0]


def test_nothing_hides_the_function_that_says_words() -> None:
    # for _ in …, or a, _ = …: mypy takes that for a name that nobody reads
    hidden = []
    for path in (ROOT / "flask_continuum").rglob("*.py"):
        tree = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        if any(isinstance(node, ast.alias) and node.name == "_" for node in tree):
            hidden += [
                f"{path.name}:{node.lineno}"
                for node in tree
                if isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
            ]
    assert hidden == [], "call what is not used __"


def test_babel_is_not_needed() -> None:
    program = """
import sys
for name in ("babel", "flask_babel"):
    sys.modules[name] = None  # as if it were not installed
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_continuum import Continuum

app = Flask(__name__)
app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://")
app.config["CONTINUUM_ADMIN_USER"] = lambda user: True
db = SQLAlchemy(app)
Continuum(app, db, user_cls=None, actor=lambda: "Maya Lind")

class Article(db.Model):
    __versioned__ = {}
    id = db.Column(db.Integer, primary_key=True)

with app.app_context():
    db.create_all()
page = app.test_client().get("/history/")
assert page.status_code == 200, page.text
assert '<html class="hc" lang="en" dir="ltr">' in page.text
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_locales_of_catalogues_are_known() -> None:
    assert {str(Locale.parse(path.stem)) for path in FOLDER.glob("*.po")} == {"de"}
