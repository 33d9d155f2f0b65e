from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from flask import Flask

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.settings import Settings, keys, read_settings


def test_silence_means_defaults_and_other_keys_are_ignored() -> None:
    app = Flask(__name__)
    app.config["CONTINUITY"] = "somebody else's"

    assert read_settings(app.config) == Settings()


def test_every_key_reaches_its_field() -> None:
    values: dict[str, Any] = {
        "CONTINUUM_ADMIN": False,
        "CONTINUUM_ADMIN_USER": lambda user: True,
        "CONTINUUM_URL_PREFIX": "/admin/history",
        "CONTINUUM_TITLE": "Newsroom history",
        "CONTINUUM_CSP": None,
        "CONTINUUM_PAGE_SIZE": 20,
        "CONTINUUM_TIMEZONE": "Europe/Prague",
        "CONTINUUM_USER_TIMEZONE": lambda user: None,
        "CONTINUUM_TRANSLATIONS": "words",
        "CONTINUUM_ACCESS_LOG": True,
        "CONTINUUM_READ_BIND": "replica",
        "CONTINUUM_WRITE": "flush",
        "CONTINUUM_DIFF_BUDGET_MS": 100,
        "CONTINUUM_SEAL_KEY": "a key of the tests",
    }

    settings = read_settings(values)

    assert set(values) == set(keys())
    for key, value in values.items():
        assert getattr(settings, key.removeprefix("CONTINUUM_").lower()) is value
        assert value != getattr(Settings(), key.removeprefix("CONTINUUM_").lower())


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"CONTINUUM_PAGESIZE.*'CONTINUUM_PAGE_SIZE'"):
        read_settings({"CONTINUUM_PAGESIZE": 20})


def test_an_unknown_key_far_from_all_names_none() -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        read_settings({"CONTINUUM_XYZZY": 20})
    assert "Did you mean" not in str(error.value)


def test_a_key_in_small_letters_is_not_taken_for_the_setting() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"CONTINUUM_title.*'CONTINUUM_TITLE'"):
        read_settings({"CONTINUUM_title": "x"})


def test_an_option_that_shapes_tables_is_sent_to_continuum() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"options=\{'table_name': \.\.\.\}"):
        read_settings({"CONTINUUM_TABLE_NAME": "%s_history"})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("ADMIN", "no", "True or False"),
        ("ADMIN", 0, "True or False"),
        ("ADMIN_USER", "is_admin", "a function of the current user"),
        ("URL_PREFIX", "history", "starts"),
        ("URL_PREFIX", "/history/", "does not end"),
        ("URL_PREFIX", "/", "does not end"),
        ("URL_PREFIX", "/<path>", "an address"),
        ("TITLE", " ", "a text"),
        ("CSP", "default-src 'self'\r\nSet-Cookie: a=b", "one line"),
        ("CSP", "", "None to send none"),
        ("PAGE_SIZE", "20", "a number from 1 to 500"),
        ("PAGE_SIZE", True, "a number"),
        ("PAGE_SIZE", 0, "a number"),
        ("PAGE_SIZE", 501, "a number"),
        ("TIMEZONE", "Europe/Nowhere", "time zone"),
        ("TIMEZONE", "../../etc/passwd", "time zone"),
        ("TIMEZONE", "Europe", "time zone"),
        ("TIMEZONE", "", "time zone"),
        ("TIMEZONE", None, "time zone"),
        ("USER_TIMEZONE", "UTC", "a function of the current user"),
        ("READ_BIND", "", "a key in SQLALCHEMY_BINDS, or None"),
        ("WRITE", "never", '"commit" or "flush"'),
        ("DIFF_BUDGET_MS", -1, "a number"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_does(
    key: str, value: Any, words: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        read_settings({f"CONTINUUM_{key}": value})
    assert f"CONTINUUM_{key}" in str(error.value)
    assert words in str(error.value)
    assert repr(value) in str(error.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        read_settings({"CONTINUUM_WRITE": "never", "CONTINUUM_TITEL": "x"})
    assert len(str(error.value).splitlines()) == 2


def test_values_from_the_environment_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_CONTINUUM_ADMIN", "false")
    monkeypatch.setenv("FLASK_CONTINUUM_PAGE_SIZE", "25")
    monkeypatch.setenv("FLASK_CONTINUUM_TITLE", "Archive")
    app = Flask(__name__)
    app.config.from_prefixed_env()

    settings = read_settings(app.config)

    assert (settings.admin, settings.page_size, settings.title) == (False, 25, "Archive")


def test_a_user_has_their_own_time_zone_when_it_is_one() -> None:
    zones = {"ana": "Asia/Tokyo", "ben": "Mars/Olympus", "eve": None}
    settings = Settings(timezone="Europe/Prague", user_timezone=zones.get)

    assert str(settings.zone_for("ana")) == "Asia/Tokyo"
    assert str(settings.zone_for("ben")) == "Europe/Prague"
    assert str(settings.zone_for("eve")) == "Europe/Prague"
    assert str(settings.zone_for(None)) == "Europe/Prague"
    assert str(Settings().zone_for("ana")) == "UTC"


def test_every_setting_has_its_doc_line() -> None:
    documented = re.findall(r":ivar (\w+): \S", Settings.__doc__ or "")
    assert documented == [each.name for each in dataclasses.fields(Settings)]


def test_a_secret_is_in_no_message() -> None:
    with pytest.raises(ImproperlyConfigured, match="CONTINUUM_SEAL_KEY is a secret text") as error:
        read_settings({"CONTINUUM_SEAL_KEY": "too short"})
    assert "too short" not in str(error.value)
    assert "a key of" not in repr(read_settings({"CONTINUUM_SEAL_KEY": "a key of the tests"}))
