"""``export_to_git``: a transaction is a commit, a record a file, its links are files beside it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session, scoped_session

from flask_continuum.actor import who
from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.feeds import deliver
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.change_feed import FeedItem
from flask_continuum.engine.read.links import owned_links
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.registry import VersionedClass, entry_of
from flask_continuum.engine.setup import manager_or_default
from flask_continuum.exporting.files import BATCH
from flask_continuum.exporting.rows import Telling, related_key
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.exports import done

CURSOR = "Continuum-Cursor"
"""The trailer of a commit that says where the next export begins."""
LONGEST = 200
"""Bytes of a file's name, which file systems end at 255."""
CHECKPOINT = 1000
"""Commits after which what is there is kept, should the rest fail."""


class GitFailed(VersioningError):
    """git refuses the repository or what is written into it; the message has its words."""


def export_to_git(
    session: Session | scoped_session[Any],
    folder: str | Path,
    manager: VersioningManager | None = None,
    *,
    branch: str = "main",
    models: Sequence[Any] | None = None,
    reveal: bool = False,
) -> int:
    """Write the history into a bare git repository, and go on where an earlier call ended.

    Each transaction that changed something is a commit with author, date and reason. A record is
    the file ``article/7.json``; a link of it that belongs to it, ``article/7.tags/3.json``.

    :param session: one for this alone: its transaction ends now and then.
    :param folder: of the repository, which is made where there is none.
    :param manager: of which models; without it, those of ``make_versioned``.
    :param branch: which is written to; nobody else should.
    :param models: only the records of these; the same in each call.
    :param reveal: write secrets too.
    :returns: how many commits there are more.
    :raises GitFailed: when git refuses, or is not there.
    """
    manager = manager_or_default(manager)
    telling = Telling.about(manager.registry, reveal=reveal)
    place = Path(folder)
    reference = f"refs/heads/{branch}"
    if not (place / "HEAD").exists():
        _git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(place))
    after = _cursor(place, reference)
    with _importing(place) as process:
        assert process.stdin is not None
        stream = _Stream(process.stdin, telling, reference, goes_on=after is not None)
        try:
            deliver(session, stream.write, manager, after=after, limit=BATCH, models=models)
            process.stdin.write(b"done\n")
            process.stdin.close()
        except BrokenPipeError:
            pass  # it says why
        except BaseException:
            process.kill()  # the last checkpoint stays
            raise
        words = process.stderr.read() if process.stderr else b""
    if process.returncode:
        raise GitFailed(f"git fast-import: {words.decode(errors='replace').strip()}")
    return stream.commits


def _cursor(place: Path, reference: str) -> str | None:
    """Return where the branch ends, ``None`` where there is nothing yet.

    :raises GitFailed: when its last commit is somebody else's.
    """
    if not _git("-C", str(place), "for-each-ref", reference).strip():
        return None
    form = f"--format=%(trailers:key={CURSOR},valueonly)"
    found = _git("-C", str(place), "log", "-1", form, reference).split()
    if not found:
        raise GitFailed(f"The last commit of {reference} in {place} is not one of an export.")
    return found[-1]


def _git(*words: str) -> str:
    try:
        ran = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise GitFailed("git is not installed.") from error
    if ran.returncode:
        raise GitFailed(f"git {' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout


def _importing(place: Path) -> subprocess.Popen[bytes]:
    words = ["git", "-C", str(place), "fast-import", "--quiet", "--date-format=raw", "--done"]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


@dataclass(slots=True)
class _Stream:
    """What ``git fast-import`` reads."""

    to: IO[bytes]
    telling: Telling
    reference: str
    goes_on: bool
    commits: int = 0

    def write(self, item: FeedItem) -> None:
        """Write a transaction as a commit; one that changed nothing is none."""
        changes = [line for entry in item for line in self._changes(entry)]
        if not changes:
            return
        self.to.write(b"".join([*self._head(item), *changes, b"\n"]))
        self.commits += 1
        if self.commits % CHECKPOINT == 0:
            self.to.write(b"checkpoint\n\n")

    def _head(self, item: FeedItem) -> Iterator[bytes]:
        transaction = item.transaction
        at = transaction.issued_at
        # git knows nothing before 1970
        seconds = 0 if at is None else max(0, int(at.replace(tzinfo=UTC).timestamp()))
        user = getattr(transaction, "user_id", None)
        mail = "" if user is None else encode_key((user,))
        author = f"{_name(who(transaction))} <{mail}> {seconds} +0000\n"
        yield f"commit {self.reference}\nauthor {author}committer {author}".encode()
        yield _data(_words(item).encode(errors="replace"))
        if self.goes_on and not self.commits:
            yield f"from {self.reference}^0\n".encode()

    def _changes(self, entry: Entry) -> Iterator[bytes]:
        versioned = entry_of(entry.version)
        folder = self.telling.segments[_base(versioned).model]
        record = encode_key(versioned.key_of(entry.version))
        if entry.operation is Operation.DELETE:
            yield _removed(folder, record)
        elif not entry.only_links:
            yield _file(self.telling.values(entry.version), folder, record)
        owned = {link.relationship for link in owned_links(versioned)}
        for change in entry.links:
            name = change.relationship
            if name not in owned or self.telling.hides(versioned, name):
                continue
            beside = _short(f"{record}.{name}")
            for gone in change.removed:
                yield _removed(folder, beside, related_key(gone))
            for new in change.added:
                yield _file(related_key(new), folder, beside, related_key(new))


def _base(versioned: VersionedClass) -> VersionedClass:
    """Return the root of a hierarchy: records of one table are in one folder."""
    return entry_of(versioned.mapper.base_mapper.class_)


def _words(item: FeedItem) -> str:
    """Return the message of a commit: the reason, or what was done, and where it is from."""
    transaction = item.transaction
    said = (transaction.reason or "").replace("\0", "").strip() or _summary(item)
    trailers = [f"Transaction: {transaction.id}"]
    if transaction.uid is not None:
        trailers.append(f"Uid: {transaction.uid}")
    if transaction.kind is not None:
        trailers.append(f"Kind: {_name(transaction.kind)}")
    trailers.append(f"{CURSOR}: {item.cursor}")
    return f"{said}\n\n" + "\n".join(trailers) + "\n"


def _summary(item: FeedItem) -> str:
    numbers: dict[tuple[str, str], int] = {}
    for model, entries in item.entries.items():
        for entry in entries:
            what = done(entry.operation), model.__name__
            numbers[what] = numbers.get(what, 0) + 1
    return ", ".join(f"{number} {name} {how}" for (how, name), number in numbers.items())


def _name(text: str) -> str:
    """Return a text that can stand in a line of its own, without what ends a name."""
    kept = "".join(" " if sign in "<>\n\r\0" else sign for sign in text)
    return " ".join(kept.encode(errors="replace").decode().split())


def _path(*parts: str) -> str:
    *folders, name = parts
    return "/".join([*folders, f"{_short(name)}.json"])


def _short(name: str) -> str:
    """Return the name of a file, its end replaced by a digest where it is too long."""
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[: LONGEST - 33]}~{digest}"


def _removed(*parts: str) -> bytes:
    return f"D {_path(*parts)}\n".encode()


def _file(content: Any, *parts: str) -> bytes:
    text = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True)
    data = (text + "\n").encode(errors="replace")
    return f"M 100644 inline {_path(*parts)}\n".encode() + _data(data)


def _data(raw: bytes) -> bytes:
    return b"data %d\n" % len(raw) + raw + b"\n"
