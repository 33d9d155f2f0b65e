"""Reading a git repository through git itself: commits in order, and what each changed.

**Merges.** The walk follows first parents, as ``git log --first-parent`` does: a merged branch is
one step, that of its merge, which names the commits it brought. With ``every_commit`` the walk
takes all commits, parents before children. Either way each commit is compared with the one walked
before it, so that after every step the files are exactly those of that commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from example_app.git_import.errors import GitError
from example_app.git_import.processes import Conversation, run

_LOG = (
    "-c",
    "i18n.logOutputEncoding=UTF-8",
    "log",
    "--no-walk=unsorted",
    "--stdin",
    "--no-show-signature",
    "-z",
    "--format=tformat:%H%n%T%n%P%n%at%n%ct%n%aN%n%aE%n%B",
)
_DIFF_TREE = ("diff-tree", "--stdin", "-r", "-z", "--raw", "-M", "-l2000")
_FILES = (b"100644", b"100755", b"100664")
_NOTHING = b"000000"
_LAST_SECOND = 253_402_300_799  # of the year 9999


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the walk, as git tells it.

    :ivar tree: the id of its tree
    :ivar parents: ids, the first parent first
    :ivar written_at: the author's date, naive UTC
    :ivar committed_at: the committer's date, naive UTC
    """

    id: str
    tree: str
    parents: tuple[str, ...]
    written_at: datetime
    committed_at: datetime
    author: str
    email: str
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one file between two trees; a side without a regular file is None.

    :ivar old: path before, None when the file is new
    :ivar new: path after, None when the file is gone
    :ivar blob: id of the content after
    :ivar rewritten: whether the content is another
    :ivar special: whether it is now something else than a file: a link, a submodule
    """

    old: bytes | None
    new: bytes | None
    blob: bytes | None
    rewritten: bool
    special: bool


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository on this machine, with or without a work tree.

    :ivar folder: where git is to be called
    :ivar location: the absolute path of its git folder, which tells it from others
    """

    folder: Path
    location: Path

    @classmethod
    def open(cls, folder: Path) -> GitRepository:
        """Return the repository of a folder: its work tree, its ``.git``, or a bare repository.

        :raises GitError: when there is no such folder, or it is no repository but at most a part
            of one, whose whole history nobody asked for
        """
        if not folder.is_dir():
            raise GitError(f"There is no folder {folder}. Give the path of a git repository.")
        try:
            found = run(folder, "rev-parse", "--absolute-git-dir")
            below = run(folder, "rev-parse", "--show-prefix").strip()
        except GitError as error:
            raise GitError(f"{folder} is no git repository that git can read: {error}") from error
        if below:
            whole = run(folder, "rev-parse", "--show-toplevel").decode("utf-8", "replace").strip()
            raise GitError(f"{folder} is a folder inside the git repository {whole}. Give that.")
        return cls(folder, Path(found.decode("utf-8", "surrogateescape").rstrip("\n")))

    @property
    def name(self) -> str:
        """The name that people know the repository by."""
        if self.location.name == ".git":
            return self.location.parent.name
        return self.location.name.removesuffix(".git")

    def head(self) -> str:
        """Return the id of the newest commit.

        :raises GitError: when the repository has no commit yet
        """
        try:
            return run(self.folder, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        except GitError as error:
            raise GitError(f"{self.folder} has no commit yet, so nothing to import.") from error

    def has(self, commit: str) -> bool:
        """Return whether a commit still exists."""
        try:
            run(self.folder, "cat-file", "-e", f"{commit}^{{commit}}")
        except GitError:
            return False
        return True

    def tree_of(self, commit: str | None) -> str:
        """Return the id of a commit's tree, or that of the empty tree for None."""
        if commit is None:
            return run(self.folder, "hash-object", "-t", "tree", "--stdin").decode().strip()
        return run(self.folder, "rev-parse", f"{commit}^{{tree}}").decode().strip()

    def walk(self, after: str | None, *, every_commit: bool = False) -> list[str]:
        """Return the ids of the commits to walk, oldest first.

        :param after: the commit walked last, None to begin at the beginning
        :param every_commit: also walk the commits of merged branches
        """
        arguments = ["rev-list", "--reverse", "--topo-order", "HEAD"]
        if not every_commit:
            arguments.insert(1, "--first-parent")
        if after is not None:
            arguments.append(f"^{after}")
        return run(self.folder, *arguments).decode().split()

    def commits(self, ids: Sequence[str]) -> list[Commit]:
        """Return what git says of some commits, in the order asked for."""
        asked = "\n".join(ids).encode()
        told = run(self.folder, *_LOG, stdin=asked).decode("utf-8", "replace")
        return [_commit(record) for record in told.split("\0") if record]


class TreeDiff(Conversation):
    """Tells what changed from one tree to another, renames found by similarity."""

    def __init__(self, repository: GitRepository) -> None:
        super().__init__(repository.folder, *_DIFF_TREE)

    def between(self, old: str, new: str) -> list[Change]:
        """Return the changes of files that turn one tree into another."""
        # The full stop is no tree: git repeats it, which tells where its answer ends.
        self.say(f"{old} {new}\n.".encode())
        if self.line() == b".":
            return []
        changes: list[Change] = []
        while self.exactly(1) == b":":
            # ":100644 100755 <blob before> <blob after> R087", then one path, or two if renamed
            mode_before, mode_after, blob_before, blob_after, kind = self.until_nul().split(b" ")
            path = self.until_nul()
            path_after = self.until_nul() if kind[:1] in b"RC" else path
            if path == path_after and blob_before == blob_after and mode_after in _FILES:
                continue  # only the mode is another
            changes.append(
                Change(
                    old=path if mode_before in _FILES else None,
                    new=path_after if mode_after in _FILES else None,
                    blob=blob_after if mode_after in _FILES else None,
                    rewritten=blob_before != blob_after,
                    special=mode_after not in (*_FILES, _NOTHING),
                )
            )
        self.line()
        return changes


class Blobs(Conversation):
    """Tells what files hold."""

    def __init__(self, repository: GitRepository) -> None:
        super().__init__(repository.folder, "cat-file", "--batch")

    def read(self, blob: bytes) -> bytes:
        """Return the content of a blob.

        :raises GitError: when the repository does not have it (a partial clone)
        """
        self.say(blob)
        head = self.line().split(b" ")
        if len(head) != 3:
            raise GitError(
                f"The repository lacks the file content {blob.decode()}. It may be a partial "
                f"clone: import a full one."
            )
        content = self.exactly(int(head[2]))
        self.exactly(1)
        return content


def _commit(record: str) -> Commit:
    identity, tree, parents, written, committed, author, email, message = record.split("\n", 7)
    return Commit(
        id=identity,
        tree=tree,
        parents=tuple(parents.split()),
        written_at=_instant(written),
        committed_at=_instant(committed),
        author=author.strip(),
        email=email.strip().lower(),
        message=message.strip(),
    )


def _instant(seconds: str) -> datetime:
    """The moment of a git date as naive UTC; a date that is none is the first of all."""
    count = int(seconds) if seconds.isdecimal() else 0
    return datetime.fromtimestamp(min(count, _LAST_SECOND), UTC).replace(tzinfo=None)
