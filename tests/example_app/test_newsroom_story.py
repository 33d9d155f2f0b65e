from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
import sqlalchemy as sa
from flask import Flask

from example_app import create_app
from example_app.demo import fill
from example_app.demo.story import Moment, read_story
from example_app.extensions import db
from example_app.models import Article, Comment, Section, User
from example_app.storage import make_demo_file, secret_key
from flask_continuum import transaction_class, version_class
from tests.example_app.opening import NOW, close, open_newsroom

Transaction = transaction_class(Article)


def count(what: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(what)) or 0


def test_the_story_fills_several_weeks_with_several_people(newsroom: Flask) -> None:
    with newsroom.app_context():
        all_transactions = db.session.scalars(sa.select(Transaction).order_by(Transaction.id)).all()
        assert len(all_transactions) == len(read_story().steps) + 1 >= 150
        dates = [one.issued_at for one in all_transactions]
        assert dates == sorted(dates)
        assert timedelta(weeks=9) < NOW - dates[0] < timedelta(weeks=10)
        assert timedelta(0) < NOW - dates[-1] < timedelta(hours=1)
        weeks = Counter((NOW - date).days // 7 for date in dates)
        assert all(weeks[week] >= 5 for week in range(9)), weeks
        actors = Counter(one.user.name if one.user else one.actor for one in all_transactions)
        assert len(actors) >= 10 and actors["Maya Lind"] > 20 and actors["wire import"] == 1


def test_the_numbers_are_those_of_the_story(newsroom: Flask) -> None:
    story = read_story()
    with newsroom.app_context():
        created = sum(step.create is not None for step in story.steps)
        gone = sum(step.delete for step in story.steps) - sum(step.restore for step in story.steps)
        said = sum(step.comment is not None for step in story.steps)
        unsaid = sum(step.uncomment is not None for step in story.steps)
        assert (count(Article), count(Comment)) == (created - gone, said - unsaid)
        assert (count(User), count(Section)) == (len(story.people), len(story.sections))
        kinds = Counter(db.session.scalars(sa.select(Transaction.kind)))
        assert kinds["revert"] == sum(bool(step.revert) for step in story.steps) >= 4
        assert kinds["restore"] == sum(step.restore for step in story.steps) == 2
        words = db.session.scalars(sa.select(Article.word_count)).all()
        assert sum(words) > 3_000 and max(words) > 250
        assert count(version_class(Article)) > 90


def test_only_those_who_may_bring_something_back_do_so() -> None:
    story = read_story()
    chiefs = {person["handle"] for person in story.people if person.get("role") == "chief"}
    brought_back = {step.by for step in story.steps if step.revert or step.restore}
    assert brought_back and brought_back <= chiefs


def test_a_restored_article_has_its_comments_and_tags_again(newsroom: Flask) -> None:
    with newsroom.app_context():
        title = "Lighthouse sold to couple who missed the tide"
        article = db.session.scalars(sa.select(Article).where(Article.title == title)).one()
        assert [comment.author.handle for comment in article.comments] == ["walter", "omar"]
        assert {tag.name for tag in article.tags} == {"housing", "history"}
        title = "The mud marathon is moved for the birds"
        marathon = db.session.scalars(sa.select(Article).where(Article.title == title)).one()
        assert [comment.author.handle for comment in marathon.comments] == ["bea"]
        operations = [version.operation_type for version in article.versions]
        assert operations.count(2) == 1 and operations[-1] == 1


def test_what_was_reverted_reads_as_before(newsroom: Flask) -> None:
    with newsroom.app_context():
        soup = db.session.scalars(
            sa.select(Article).where(Article.title.contains("fish soup"))
        ).one()
        assert "a little milk." in soup.body
        reverted = [version for version in soup.versions if version.transaction.kind == "revert"]
        assert [one.transaction.user.handle for one in reverted] == ["maya"]
        assert "body" in reverted[0].changeset


def test_the_same_moment_gives_the_same_data(filled_file: Path, tmp_path: Path) -> None:
    second = open_newsroom(tmp_path / "second.sqlite")
    with second.app_context():
        fill(NOW)
    close(second)

    def content(file: Path) -> dict[str, list[tuple[object, ...]]]:
        with sqlite3.connect(file) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = sorted(name for (name,) in names)
            found = {}
            for table in tables:
                fields = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
                # A uid is random: that is what it is for.
                wanted = ", ".join(f'"{name}"' for name in fields if name != "uid")
                found[table] = sorted(
                    connection.execute(f'SELECT {wanted} FROM "{table}"'), key=repr
                )
        connection.close()
        return found

    assert content(tmp_path / "second.sqlite") == content(filled_file)


def test_history_hides_what_a_person_keeps_private(newsroom: Flask) -> None:
    UserVersion = version_class(User)
    assert "last_seen_at" not in sa.inspect(UserVersion).attrs
    with newsroom.app_context():
        assert db.session.scalars(sa.select(UserVersion.phone)).first()
        users = db.session.scalars(sa.select(User)).all()
        before = count(Transaction)
        users[0].last_seen_at = NOW
        db.session.commit()
        assert count(Transaction) == before


def test_the_first_start_fills_a_file_and_the_second_is_instant(tmp_path: Path) -> None:
    file = tmp_path / "instance" / "newsroom.sqlite"
    config = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}", "SECRET_KEY": "x"}
    start = perf_counter()
    close(create_app(config))
    first = perf_counter() - start
    assert [one.name for one in file.parent.iterdir()] == [file.name], "nothing is left over"
    start = perf_counter()
    second = create_app(config)
    assert perf_counter() - start < first / 2
    with second.app_context():
        assert count(Article) > 10
    close(second)


def test_a_file_without_a_folder_is_in_the_instance_folder(tmp_path: Path) -> None:
    made: list[str] = []

    def note(config: dict[str, object]) -> Flask:
        made.append(str(config["SQLALCHEMY_DATABASE_URI"]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo_file("sqlite:///small.sqlite", str(tmp_path / "instance"), note)
    assert made[0].startswith(f"sqlite:///{tmp_path / 'instance' / 'small.sqlite'}")
    for other in ("sqlite://", "sqlite:///:memory:", "postgresql://localhost/newsroom"):
        make_demo_file(other, str(tmp_path), note)
    assert len(made) == 1


def test_a_first_start_that_breaks_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "newsroom.sqlite"
    config = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}", "SECRET_KEY": "x"}

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("example_app.storage.fill", interrupt)
    with pytest.raises(KeyboardInterrupt):
        create_app(config)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_no_file_is_filled_on_demand(empty_newsroom: Flask) -> None:
    runner = empty_newsroom.test_cli_runner()
    result = runner.invoke(args=["fill-demo"])
    assert result.output == f"Wrote {len(read_story().steps) + 1} transactions.\n"
    refused = runner.invoke(args=["fill-demo"])
    assert refused.exit_code == 1
    assert "are in this database already" in refused.output


def test_people_can_be_had_without_their_story(empty_newsroom: Flask) -> None:
    result = empty_newsroom.test_cli_runner().invoke(args=["fill-demo", "--people-only"])
    assert result.exit_code == 0, result.output
    with empty_newsroom.app_context():
        assert (count(User), count(Article), count(Transaction)) == (9, 0, 1)
    assert "Maya Lind" in empty_newsroom.test_client().get("/login").text


def test_the_key_of_the_sessions_is_made_once_and_kept_private(
    tmp_path: Path,
) -> None:
    key = secret_key(str(tmp_path / "instance"))
    assert len(key) == 64 and secret_key(str(tmp_path / "instance")) == key
    assert (tmp_path / "instance" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("3d 09:05", datetime(2026, 11, 21, 9, 5)),
        ("95m", datetime(2026, 11, 24, 10, 25)),
    ],
)
def test_moments_count_back(text: str, moment: datetime) -> None:
    assert Moment.parse(text).before(NOW) == moment
    with pytest.raises(ValueError, match="is no moment"):
        Moment.parse("yesterday")


@pytest.mark.parametrize("hour", [0, 6, 12, 23])
def test_steps_keep_their_order_whenever_the_story_is_told(hour: int) -> None:
    """Steps are dated by day or by minutes; both must agree on what comes first."""
    now = datetime(2026, 11, 24, hour, 1)
    dates = [step.at.before(now) for step in read_story().steps]
    assert dates == sorted(dates)
    assert dates[-1] < now
