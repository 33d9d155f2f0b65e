"""Writes the history of a repository: each commit becomes one transaction, each file an article.

The author of a commit is the transaction's user, the author's date its ``issued_at``, the message
its reason. Dates never go back along the walk: where a commit is dated before the one walked
before it, it takes that one's date, and its own stays in the transaction's context.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer, selectinload
from sqlalchemy.orm.exc import StaleDataError

from example_app.extensions import continuum, db
from example_app.forms import slugify
from example_app.git_import.errors import GitError
from example_app.git_import.repository import Blobs, Change, Commit, GitRepository, TreeDiff
from example_app.git_import.texts import Text, read_path, read_text
from example_app.models import Article, Repository, Section, Status, User, utcnow

T = TypeVar("T")

#: Commits that git is asked about at once; their new authors are one transaction.
BATCH = 500
#: Keys in one statement, below the limit of every database.
MOST_KEYS = 500


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did.

    :ivar section: the section that holds the files
    :ivar commits: how many commits were imported
    :ivar left: how many are left for another run, because of the limit
    :ivar counts: files by what happened to them: new, changed, renamed, deleted, and, left out,
        binary and special; latin-1 counts those read that way
    """

    section: str
    commits: int
    left: int
    counts: Counter[str]


def import_repository(
    repository: GitRepository,
    *,
    pattern: str = "",
    limit: int | None = None,
    every_commit: bool = False,
    name: str | None = None,
    progress: Callable[[Sequence[str]], Any] = iter,
) -> Report:
    """Import the commits of a repository that have not been imported yet, oldest first.

    Each commit is committed with the note that it is done, so an interrupted import goes on where
    it stopped.

    :param pattern: import only paths that match, such as ``*.md``; a repository imported with
        another pattern is an import of its own, in a section of its own
    :param limit: at most so many commits
    :param every_commit: also walk the commits of merged branches one by one
    :param name: what the section is called, when not like the repository's folder
    :param progress: given the ids of the commits, returns them one by one
    :returns: what was done
    :raises GitError: when the repository cannot be read, or somebody else writes to its files
    """
    repository.head()
    db.session.remove()
    # What is loaded stays valid from commit to commit: nobody else changes these files.
    session = db.session(expire_on_commit=False)
    try:
        mark = find_mark(session, repository, pattern, name or repository.name)
        if mark.last_commit is not None and not repository.has(mark.last_commit):
            raise GitError(
                f"The commit imported last, {mark.last_commit}, is no longer in {repository.name}: "
                f"its history was rewritten. Import it into another database."
            )
        ids = repository.walk(mark.last_commit, every_commit=every_commit)
        chosen = ids[:limit]
        with TreeDiff(repository) as diff, Blobs(repository) as blobs:
            writer = Writer(session, mark, diff, blobs, repository.tree_of(mark.last_commit))
            known: dict[str, Commit] = {}
            for number, commit_id in enumerate(progress(chosen)):
                if number % BATCH == 0:
                    commits = repository.commits(chosen[number : number + BATCH])
                    known = {commit.id: commit for commit in commits}
                    writer.welcome(commits)
                writer.write(known[commit_id])
        return Report(mark.section.name, len(chosen), len(ids) - len(chosen), writer.counts)
    except StaleDataError as error:
        session.rollback()
        raise GitError(
            "Somebody else wrote to these files meanwhile, perhaps another import of the same "
            "repository. Run this one again."
        ) from error
    finally:
        db.session.remove()


def find_mark(session: Session, repository: GitRepository, pattern: str, name: str) -> Repository:
    """Return how far the import of a repository has come, new if it has not begun.

    A new mark is not saved before there is a commit to import.
    """
    location = str(repository.location)
    mark = session.scalar(
        sa.select(Repository).where(Repository.location == location, Repository.pattern == pattern)
    )
    if mark is not None:
        return mark
    name = f"{name} ({pattern})" if pattern else name
    section = Section(
        slug=free_slug(session, slugify(name) or "repository"),
        name=name[:200],
        description=f"Files of the git repository {repository.name}.",
        position=1000,
    )
    return Repository(location=location, pattern=pattern, section=section)


def free_slug(session: Session, wanted: str) -> str:
    """Return an address for a section that no other has: the wanted one, or with a number."""
    taken = set(session.scalars(sa.select(Section.slug).where(Section.slug.startswith(wanted))))
    numbered = (f"{wanted[:110]}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted[:110], *numbered) if slug not in taken)


class Writer:
    """Brings the articles of one section from commit to commit.

    Texts are not kept in memory, and nothing is read back: a commit costs the same number of
    statements in a small repository and in a large one.
    """

    def __init__(
        self, session: Session, mark: Repository, diff: TreeDiff, blobs: Blobs, tree: str
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._session = session
        self._mark = mark
        self._diff = diff
        self._blobs = blobs
        self._tree = tree
        self._started = utcnow()
        self._people: dict[str, User] = {}
        self._files: dict[str, Article] = {}
        if mark.id is not None:
            query = sa.select(Article).where(Article.section_id == mark.section_id)
            for article in session.scalars(query.options(defer(Article.body))):
                if article.path is not None:
                    self._files[article.path] = article

    def welcome(self, commits: Sequence[Commit]) -> None:
        """Make users of authors who are new, in a transaction of their own before the commits.

        With the first commits this also saves the section.
        """
        names = {email_of(commit): commit.author for commit in commits}
        missing = [email for email in names if email not in self._people]
        for chunk in chunks(missing):
            found = self._session.scalars(sa.select(User).where(User.email.in_(chunk)))
            self._people.update((user.email, user) for user in found)
        new = [email for email in missing if email not in self._people]
        if not new and self._mark.id is not None:
            return
        with continuum.transaction(
            actor="git import",
            kind="import",
            reason=f"Authors of {self._mark.section.name}",
            issued_at=self._not_before(commits[0].written_at),
        ):
            self._session.add(self._mark)
            for email in new:
                user = User(handle=f"git:{email}"[:120], email=email, name=names[email][:200])
                self._session.add(user)
                self._people[email] = user
            self._session.commit()

    def write(self, commit: Commit) -> None:
        """Write one commit as one transaction."""
        issued_at = self._not_before(commit.written_at)
        author = self._people[email_of(commit)]
        with continuum.transaction(
            actor=author,
            kind="import",
            reason=commit.message,
            issued_at=issued_at,
            context={"git": facts(commit)},
        ):
            touched = self._apply(self._diff.between(self._tree, commit.tree), author, issued_at)
            if not touched:
                # without a transaction the history of the repository would have a hole here
                unit = continuum.manager.unit_of_work(self._session)
                unit.create_transaction(self._session, Article)
            self._mark.last_commit = commit.id
            self._mark.last_issued_at = issued_at
            self._session.commit()
        self._tree = commit.tree
        for article in touched:
            if article in self._session:
                self._session.expire(article, ["body"])

    def _not_before(self, moment: datetime) -> datetime:
        """A moment that is neither before that of the commit before, nor in the future."""
        return max(min(moment, self._started), self._mark.last_issued_at or datetime.min)

    def _apply(self, changes: Sequence[Change], author: User, issued_at: datetime) -> list[Article]:
        """Put the changes of a commit into the session; return the articles they touch."""
        # All old paths are given up before any new one is taken: files may change places.
        before = [self._give_up(change) for change in changes]
        gone: list[Article] = []
        touched: list[Article] = []
        for change, article in zip(changes, before, strict=True):
            path = self._wanted(change.new)
            text = self._text(change) if path is not None else None
            self.counts["special"] += change.special
            if path is None or text is None:
                if article is not None:
                    gone.append(article)
                    touched.append(article)
                continue
            if article is None:
                article = self._begin(path, text, author, issued_at)
            else:
                self._go_on(article, path, text, change)
            self._files[path] = article
            touched.append(article)
        self._delete(gone)
        return touched

    def _give_up(self, change: Change) -> Article | None:
        return None if change.old is None else self._files.pop(read_path(change.old), None)

    def _wanted(self, path: bytes | None) -> str | None:
        """A path as text when it is to be imported."""
        if path is None:
            return None
        text = read_path(path)
        pattern = self._mark.pattern
        return text if not pattern or fnmatchcase(text, pattern) else None

    def _text(self, change: Change) -> Text | None:
        assert change.blob is not None
        text = read_text(self._blobs.read(change.blob))
        if text is None:
            self.counts["binary"] += 1
        else:
            self.counts[text.encoding] += 1
        return text

    def _begin(self, path: str, text: Text, author: User, issued_at: datetime) -> Article:
        article = Article(
            title=title_of(path),
            body=text.text,
            path=path,
            status=Status.PUBLISHED,
            published_on=issued_at.date(),
            settings={"encoding": text.encoding},
            section_id=self._mark.section_id,
            author_id=author.id,
        )
        self._session.add(article)
        self.counts["new"] += 1
        return article

    def _go_on(self, article: Article, path: str, text: Text, change: Change) -> None:
        if article.path != path:
            article.path = path
            article.title = title_of(path)
            self.counts["renamed"] += 1
        if change.rewritten:
            article.body = text.text
            self.counts["changed"] += 1
        if article.settings.get("encoding") != text.encoding:
            article.settings = {**article.settings, "encoding": text.encoding}

    def _delete(self, gone: Sequence[Article]) -> None:
        """Delete articles with what hangs on them, loaded together and not one by one."""
        for chunk in chunks(gone):
            query = (
                sa.select(Article)
                .where(Article.id.in_([article.id for article in chunk]))
                .options(defer(Article.body))
                .options(selectinload(Article.comments), selectinload(Article.tags))
                .execution_options(populate_existing=True)
            )
            for article in self._session.scalars(query).all():
                self._session.delete(article)
        self.counts["deleted"] += len(gone)


def email_of(commit: Commit) -> str:
    """Return what tells an author from others: the address, or the name where there is none."""
    return (commit.email or commit.author or "nobody")[:254]


def facts(commit: Commit) -> dict[str, Any]:
    """Return what a transaction keeps of its commit, beside what it is made of anyway."""
    return {
        "commit": commit.id,
        "parents": list(commit.parents),
        "written_at": commit.written_at.isoformat(),
        "committed_at": commit.committed_at.isoformat(),
    }


def title_of(path: str) -> str:
    """Return the name of a file as the title of its article."""
    return PurePosixPath(path).name[:200]


def chunks(items: Sequence[T]) -> list[Sequence[T]]:
    """Return a sequence cut into pieces that fit one statement."""
    return [items[start : start + MOST_KEYS] for start in range(0, len(items), MOST_KEYS)]
