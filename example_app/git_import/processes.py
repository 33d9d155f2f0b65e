"""Conversations with long-running git processes: a line in, an answer out.

One ``git cat-file`` and one ``git diff-tree`` serve a whole import, so that no commit costs a new
process.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from example_app.git_import.errors import GitError

# git answers in English, asks nothing, fetches nothing, replaces nothing, and takes the repository
# that it is given rather than one that the environment names.
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_UNWANTED = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_CEILING_DIRECTORIES",
    }
)


def environment() -> Mapping[str, str]:
    """Return the environment that every git process of ours gets."""
    kept = {key: value for key, value in os.environ.items() if key not in _UNWANTED}
    return {**kept, **_ENVIRONMENT}


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Return what a git command prints.

    :raises GitError: with git's own words when it fails, or when there is no git
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=environment(),
            input=stdin,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError("There is no git on this machine. Install it, then try again.") from error
    if done.returncode:
        raise GitError(last_line(done.stderr) or f"git {arguments[0]} failed.")
    return done.stdout


def last_line(said: bytes) -> str:
    """Return git's complaint without its prefix."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return next((line for line in lines if line.startswith("fatal: ")), "".join(lines[-1:]))


class Conversation:
    """A git process that answers line by line; a context manager that ends it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._name = arguments[0]
        self._process = subprocess.Popen(
            ["git", "-C", str(folder), *arguments],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._input.close()
        self._output.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def say(self, line: bytes) -> None:
        """Send a line."""
        try:
            self._input.write(line + b"\n")
            self._input.flush()
        except BrokenPipeError as error:
            raise self._ended() from error

    def line(self) -> bytes:
        """Return the next line of the answer, without its end."""
        line = self._output.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        return line[:-1]

    def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes of the answer."""
        data = self._output.read(size)
        if len(data) != size:
            raise self._ended()
        return data

    def until_nul(self) -> bytes:
        """Return the answer up to the next NUL byte, without it."""
        data = bytearray()
        while (byte := self.exactly(1)) != b"\0":
            data += byte
        return bytes(data)

    def _ended(self) -> GitError:
        return GitError(f"git {self._name} ended before it had answered.")
