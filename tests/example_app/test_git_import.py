from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from example_app.extensions import db
from example_app.git_import.errors import GitError
from example_app.git_import.importer import import_repository
from example_app.git_import.repository import Blobs, GitRepository
from example_app.models import Article, Comment, Repository, Section, Tag, User
from flask_continuum import transaction_class, version_class
from tests.example_app.git_sample import BINARY, Sample, make_sample
from tests.support.statements import statements

Transaction = transaction_class(Article)
ArticleVersion = version_class(Article)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make_sample(tmp_path_factory.mktemp("git") / "Sample Repo")


def transactions() -> dict[str, Any]:
    """The transactions of commits, by commit."""
    imported = db.session.scalars(
        sa.select(Transaction).where(Transaction.kind == "import").order_by(Transaction.id)
    )
    # Authors and the section come in transactions of their own, which belong to no commit.
    commits = [one for one in imported if one.context and "git" in one.context]
    return {one.context["git"]["commit"]: one for one in commits}


def files_in_history(transaction: Any, section: int) -> dict[str, bytes]:
    """All files as they were after a transaction, as the bytes that git had."""
    versions = db.session.scalars(
        sa.select(ArticleVersion).where(
            ArticleVersion.section_id == section,
            ArticleVersion.transaction_id <= transaction.id,
            sa.or_(
                ArticleVersion.end_transaction_id.is_(None),
                ArticleVersion.end_transaction_id > transaction.id,
            ),
            ArticleVersion.operation_type != 2,
        )
    ).all()
    found = {one.path: one.body.encode(one.settings["encoding"]) for one in versions}
    assert len(found) == len(versions), "one article for each path"
    return found


def files_in_git(sample: Sample, commit: str, suffix: str = "") -> dict[str, bytes]:
    """All text files of a commit, as git says."""
    found = {}
    for line in sample.git("ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
        head, path = line.split(b"\t", 1)
        mode, _, blob = head.split()
        if mode in (b"100644", b"100755"):
            content = sample.git("cat-file", "blob", blob.decode())
            name = path.decode("utf-8", "backslashreplace")
            if b"\0" not in content and name.endswith(suffix):
                found[name] = content
    return found


def compare_all(sample: Sample, walked: list[str], suffix: str = "") -> None:
    """Hold every version of every file against what git says."""
    by_commit = transactions()
    assert list(by_commit) == walked
    section = db.session.scalars(sa.select(Repository.section_id)).one()
    for commit in walked:
        expected = files_in_git(sample, commit, suffix)
        assert files_in_history(by_commit[commit], section) == expected, commit
    live = db.session.scalars(sa.select(Article).where(Article.section_id == section))
    expected = files_in_git(sample, walked[-1], suffix)
    assert {one.path: one.body.encode(one.settings["encoding"]) for one in live} == expected


def first_parents(sample: Sample) -> list[str]:
    return sample.git("rev-list", "--first-parent", "--reverse", "HEAD").decode().split()


def run(newsroom: Flask, *arguments: str) -> Any:
    return newsroom.test_cli_runner().invoke(args=["import-git", *arguments])


def test_every_version_of_every_file_is_what_git_says(
    empty_newsroom: Flask, sample: Sample
) -> None:
    result = run(empty_newsroom, str(sample.folder))
    assert result.exit_code == 0, result.output
    walked = first_parents(sample)
    assert f"Imported {len(walked)} commits into the section “Sample Repo”." in result.output
    assert "2 binary" in result.output and "special" in result.output
    assert "Latin-1" in result.output
    with empty_newsroom.app_context():
        compare_all(sample, walked)
        assert len(walked) < len(sample.git("rev-list", "HEAD").split())


def test_every_commit_of_merged_branches_on_demand(empty_newsroom: Flask, sample: Sample) -> None:
    result = run(empty_newsroom, str(sample.folder), "--every-commit")
    assert result.exit_code == 0, result.output
    with empty_newsroom.app_context():
        order = sample.git("rev-list", "--topo-order", "--reverse", "HEAD").decode().split()
        compare_all(sample, order)
        assert "eve@example.org" in db.session.scalars(sa.select(User.email)).all()


def test_a_transaction_says_what_its_commit_says(empty_newsroom: Flask, sample: Sample) -> None:
    run(empty_newsroom, str(sample.folder))
    with empty_newsroom.app_context():
        before = datetime.min
        now = datetime.now(UTC).replace(tzinfo=None)
        for commit, transaction in transactions().items():
            said = sample.git("show", "-s", "--format=%aN%n%aE%n%at%n%ct%n%P%n%B", commit).decode()
            name, email, written, committed, parents, message = said.split("\n", 5)
            assert transaction.user.name == name
            assert transaction.user.email == (email.lower() or name)
            assert transaction.reason == message.strip()
            facts = transaction.context["git"]
            assert facts["written_at"] == moment(written).isoformat()
            assert facts["committed_at"] == moment(committed).isoformat()
            assert facts["parents"] == parents.split()
            if moment(written) > now:
                assert before <= transaction.issued_at <= now
            else:
                assert transaction.issued_at == max(before, moment(written))
            before = transaction.issued_at


def moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def test_a_renamed_file_stays_one_article(empty_newsroom: Flask, sample: Sample) -> None:
    run(empty_newsroom, str(sample.folder), "--limit", "4")
    with empty_newsroom.app_context():
        article = db.session.scalars(sa.select(Article).where(Article.path == "plain.txt")).one()
        paths = [version.path for version in article.versions]
        assert paths == ["docs/with space.txt", "docs/moved – elsewhere.txt", "plain.txt"]
        assert [sorted(version.changeset) for version in article.versions][1:] == [
            ["body", "path", "title"],
            ["path", "title"],
        ]


def test_again_adds_only_what_is_new(empty_newsroom: Flask, tmp_path: Path) -> None:
    sample = make_sample(tmp_path / "growing")
    run(empty_newsroom, str(sample.folder))
    with empty_newsroom.app_context():
        count = sa.select(sa.func.count()).select_from(Transaction)
        before = db.session.scalar(count)
        result = run(empty_newsroom, str(sample.folder))
        assert "“growing” is up to date" in result.output
        assert db.session.scalar(count) == before

    sample.write("README.md", "and on\n")
    sample.git("mv", "middle.txt", "centre.txt")
    sample.commit("Go on")
    result = run(empty_newsroom, str(sample.folder))
    assert "Imported 1 commit into" in result.output
    assert "Files: 1 changed, 1 renamed." in result.output
    with empty_newsroom.app_context():
        compare_all(sample, first_parents(sample))
        assert db.session.scalar(count) == before + 1
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Section)) == 1


def test_a_limit_is_gone_on_from_and_gives_the_same(empty_newsroom: Flask, sample: Sample) -> None:
    total = len(first_parents(sample))
    for done in range(0, total, 5):
        result = run(empty_newsroom, str(sample.folder), "--limit", "5")
        assert result.exit_code == 0, result.output
        left = max(0, total - done - 5)
        assert (f"{left} commits left" in result.output) == (left > 1)
    with empty_newsroom.app_context():
        compare_all(sample, first_parents(sample))


def test_a_pattern_takes_only_what_matches(empty_newsroom: Flask, sample: Sample) -> None:
    result = run(empty_newsroom, str(sample.folder), "--glob", "*.md")
    assert "Sample Repo (*.md)" in result.output
    with empty_newsroom.app_context():
        compare_all(sample, first_parents(sample), ".md")
    run(empty_newsroom, str(sample.folder), "--glob", "docs/*")
    with empty_newsroom.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Section)) == 2


def test_a_history_that_was_rewritten(empty_newsroom: Flask, tmp_path: Path) -> None:
    sample = Sample(tmp_path / "rewritten")
    sample.write("a.txt", "one\n")
    sample.commit("One")
    sample.write("a.txt", "two\n")
    sample.commit("Two")
    run(empty_newsroom, str(sample.folder))
    sample.git("reset", "--quiet", "--hard", "HEAD~1")
    sample.write("b.txt", "other\n")
    sample.commit("Another two")
    assert run(empty_newsroom, str(sample.folder)).exit_code == 0
    with empty_newsroom.app_context():
        newest = list(transactions().values())[-1]
        section = db.session.scalars(sa.select(Section.id)).one()
        assert files_in_history(newest, section) == {"a.txt": b"one\n", "b.txt": b"other\n"}

    sample.git("reset", "--quiet", "--hard", "HEAD~1")
    sample.git("reflog", "expire", "--expire=now", "--all")
    sample.git("gc", "--quiet", "--prune=now")
    result = run(empty_newsroom, str(sample.folder))
    assert result.exit_code == 1
    assert "its history was rewritten" in result.output


def test_deleted_files_take_their_comments_along(empty_newsroom: Flask, tmp_path: Path) -> None:
    sample = Sample(tmp_path / "commented")
    sample.write("a.txt", "one\n")
    sample.commit("One")
    run(empty_newsroom, str(sample.folder))
    with empty_newsroom.app_context():
        article = db.session.scalars(sa.select(Article)).one()
        article.comments.append(Comment(author_id=article.author_id, body="Nice file."))
        article.tags.append(Tag(slug="files", name="files"))
        db.session.commit()
    sample.git("rm", "--quiet", "a.txt")
    sample.commit("Gone")
    assert run(empty_newsroom, str(sample.folder)).exit_code == 0
    with empty_newsroom.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Article)) == 0
        newest = list(transactions().values())[-1]
        CommentVersion = version_class(Comment)
        gone = db.session.scalars(
            sa.select(CommentVersion).where(CommentVersion.transaction_id == newest.id)
        )
        assert [(one.body, one.operation_type) for one in gone] == [("Nice file.", 2)]


@pytest.mark.parametrize("kind", ["missing", "file", "folder", "empty"])
def test_what_is_no_repository_is_refused_in_words(
    empty_newsroom: Flask, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    path = tmp_path / kind
    words = f"{path} is no git repository that git can read: "
    if kind in ("missing", "file"):
        words = f"There is no folder {path}."
        if kind == "file":
            path.write_text("no folder")
    elif kind == "folder":
        path.mkdir()
    else:
        Sample(path)
        words = f"{path} has no commit yet"
    result = run(empty_newsroom, str(path))
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output
    with empty_newsroom.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Section)) == 0


def test_without_git_the_error_says_so(
    empty_newsroom: Flask, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = run(empty_newsroom, str(sample.folder))
    assert result.exit_code == 1
    assert "Install it" in result.output


def test_a_repository_is_found_by_each_of_its_folders(sample: Sample, tmp_path: Path) -> None:
    bare = tmp_path / "Sample.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(sample.folder), str(bare)], check=True)
    assert GitRepository.open(bare).name == "Sample"
    for folder in (sample.folder, sample.folder / ".git"):
        found = GitRepository.open(folder)
        assert (found.name, found.location) == ("Sample Repo", sample.folder / ".git")
    with pytest.raises(GitError, match=r"is a folder inside the git repository .*Sample Repo"):
        GitRepository.open(sample.folder / "docs")


def test_a_content_that_is_missing_is_named(sample: Sample) -> None:
    with Blobs(GitRepository.open(sample.folder)) as blobs:
        blob = sample.git("hash-object", "--stdin", stdin=BINARY).strip()
        assert blobs.read(blob) == BINARY
        with pytest.raises(GitError, match="lacks the file content 1234"):
            blobs.read(b"1234" * 10)


def test_only_one_import_at_a_time(empty_newsroom: Flask, sample: Sample) -> None:
    def overtake(commits: Any) -> Any:
        """Let a second import finish one commit while the first is at work."""
        for number, commit in enumerate(commits):
            yield commit
            if number == 1:
                with db.engine.begin() as connection:
                    connection.execute(sa.update(Repository).values(steps=Repository.steps + 1))

    with empty_newsroom.app_context():
        with pytest.raises(GitError, match="Somebody else wrote to these files"):
            import_repository(GitRepository.open(sample.folder), progress=overtake)
        assert len(transactions()) == 2


def test_the_cost_of_a_commit_does_not_grow(empty_newsroom: Flask, tmp_path: Path) -> None:
    def cost(files: int) -> int:
        sample = Sample(tmp_path / f"files-{files}")
        for number in range(files):
            sample.write(f"{number}.txt", f"{number}\n{LINES}")
        sample.commit("Many")
        run(empty_newsroom, str(sample.folder))
        for number in range(files):
            sample.write(f"{number}.txt", f"{number}, changed\n{LINES}")
        sample.commit("All changed")
        for number in range(0, files, 2):
            sample.git("rm", "--quiet", f"{number}.txt")
        sample.commit("Half are gone")
        with empty_newsroom.app_context(), statements(db.engine) as sent:
            run(empty_newsroom, str(sample.folder))
        return len(sent)

    cost(1)  # what is asked once in a process
    assert cost(60) == cost(4)


LINES = "line\n" * 20
