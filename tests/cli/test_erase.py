"""Erasing from the command line: shown, asked, done, and said by pages and other commands."""

from __future__ import annotations

from flask_continuum.engine.read.erasures import Erased
from flask_continuum.presenters.values import DisplayKind, View, display
from tests.cli.conftest import Shell


def write_place(shell: Shell, code: str) -> None:
    db, models = shell.newsroom.db, shell.newsroom.models
    with shell.newsroom.app.app_context():
        place = models.Place(country="er", code=code, name="first xyzzy")
        db.session.add(place)
        db.session.commit()
        place.name = "second xyzzy"
        db.session.commit()


def test_values_are_erased_when_it_is_confirmed(shell: Shell) -> None:
    write_place(shell, "1")
    command = ("erase", "place", "er,1", "--field", "name", "--live")
    assert "Nothing has changed." in shell.run(*command, "--dry-run")
    said = shell.run(*command, answer="n\n", code=1)
    assert "place_version.name: 2 versions" in said
    assert "Erase 3 values for good? [y/N]: n" in said
    assert shell.json("show", "place", "er,1")["values"]["name"] == "second xyzzy"
    assert "Done." in shell.run(*command, "--reason", "asked by mail", answer="y\n")
    found = shell.json("show", "place", "er,1")
    assert (found["kind"], found["reason"]) == ("erase", "asked by mail")
    assert found["values"]["name"] is None
    log = shell.run("log", "place", "er,1")
    assert "xyzzy" not in log
    assert "(erased on 2" in log
    first = shell.json("log", "place", "er,1")[-1]
    assert "xyzzy" not in str(first)
    assert "'erased': True" in str(first)
    assert "Nothing to do." in shell.run(*command)
    assert shell.json("verify", "place")["clean"] is True
    page = shell.newsroom.login(shell.newsroom.app.test_client()).get("/history/records/place/er,1")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "xyzzy" not in text
    assert "erased on" in text


def test_programs_are_asked_nothing(shell: Shell) -> None:
    write_place(shell, "2")
    command = ("erase", "place", "er,2", "--field", "name")
    assert "--yes" in shell.run(*command, "--json", code=2)
    looked = shell.json(*command, "--dry-run")
    assert looked["versions"] == {"place_version": {"name": 1}}
    assert (looked["erased"], looked["live"]) == (False, {})
    done = shell.json(*command, "--yes")
    assert done["erased"] is True
    assert len(done["transactions"]) == 1
    assert shell.json("show", "place", "er,2")["values"]["name"] == "second xyzzy"


def test_what_cannot_be_erased_is_a_wrong_use(shell: Shell) -> None:
    write_place(shell, "3")
    assert "Nothing of Place is marked" in shell.run("erase", "place", "er,3", code=2)
    assert "part of the key" in shell.run("erase", "place", "er,3", "--field", "code", code=2)
    assert "FIELD=VALUE" in shell.run("erase", "place", "er,3", "--value", "name", code=2)


def test_an_erased_value_is_displayed_as_such() -> None:
    shown = display(Erased(1), View(erased=Erased))
    assert (shown.kind, shown.text, shown.is_nothing) == (DisplayKind.ERASED, "erased", True)
