"""A repository made for tests, with everything in it that makes importing hard."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

LATIN = "Straße, café, señor\n".encode("latin-1")
BINARY = b"\x89PNG\r\n\0\0\x1a\n\xff\xfe"
LONG = "".join(f"This is line {number} of a text that is long enough.\n" for number in range(60))


class Sample:
    """A repository in a folder, and the hand that commits to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._clock = 1_600_000_000
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str | bytes, stdin: bytes = b"", **extra: str) -> bytes:
        """Run git in the repository, undisturbed by the settings of this machine."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Byron",
            "GIT_AUTHOR_EMAIL": "Ada@Example.org",
            "GIT_COMMITTER_NAME": "The Merger",
            "GIT_COMMITTER_EMAIL": "merger@example.org",
            "GIT_AUTHOR_DATE": f"{self._clock} +0200",
            "GIT_COMMITTER_DATE": f"{self._clock} +0000",
            **extra,
        }
        done = subprocess.run(
            ["git", "-C", self.folder, *arguments],
            input=stdin,
            env=environment,
            capture_output=True,
            check=True,
        )
        return done.stdout

    def write(self, path: str, content: str | bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str, *arguments: str, **extra: str) -> None:
        """Commit all that is in the folder, one hour after the commit before."""
        self._clock += 3600
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, *arguments, **extra)

    def merge(self, *branches: str, change: dict[str, str] | None = None) -> None:
        """Merge branches with a commit of its own, which may change something itself."""
        self._clock += 3600
        self.git("merge", "--quiet", "--no-ff", "--no-commit", *branches)
        for path, content in (change or {}).items():
            self.write(path, content)
        self.commit(f"Merge {' and '.join(branches)}")

    @property
    def clock(self) -> int:
        return self._clock


def make_sample(folder: Path) -> Sample:
    """Return the repository."""
    repo = Sample(folder)
    repo.write("README.md", "# Sample\n\nA text.\n")
    repo.write("docs/with space.txt", LONG)
    repo.write("docs/Ünïcode ☃ – ファイル.md", "Snow: ☃\n")
    repo.write('docs/"quoted"\tand\nbroken.txt', "odd name\n")
    repo.write("latin.txt", LATIN)
    repo.write("logo.png", BINARY)
    repo.write("empty.txt", "")
    repo.write("windows.txt", "\ufeffone\r\ntwo\r\n")
    repo.commit("First\n\nWith a body,\nin two lines.")

    repo.write("README.md", "# Sample\n\nA better text.\n")
    repo.commit("Better words", GIT_AUTHOR_NAME="Grace", GIT_AUTHOR_EMAIL="")

    repo.git("mv", "docs/with space.txt", "docs/moved – elsewhere.txt")
    repo.write("docs/moved – elsewhere.txt", LONG.replace("line 30 ", "line thirty "))
    repo.commit("Rename and change")

    repo.git("mv", "docs/moved – elsewhere.txt", "plain.txt")
    repo.commit("Only rename")

    # two branches and a merge that has a change of its own
    repo.git("checkout", "--quiet", "-b", "feature")
    repo.write("feature.txt", "one\n")
    repo.commit("Begin the feature", GIT_AUTHOR_NAME="Eve", GIT_AUTHOR_EMAIL="eve@example.org")
    repo.write("feature.txt", "one\ntwo\n")
    repo.git("rm", "--quiet", "empty.txt")
    repo.commit("Go on")
    repo.git("checkout", "--quiet", "main")
    repo.write("README.md", "# Sample\n\nMeanwhile on main.\n")
    repo.commit("Meanwhile")
    repo.merge("feature", change={"feature.txt": "one\ntwo\nand a half\n"})

    repo.git("rm", "--quiet", "plain.txt", "latin.txt")
    repo.commit("Delete two")
    repo.write("latin.txt", LATIN + LATIN)
    repo.commit("And one is back")

    # changes of kind: binary and text, file and link, file and folder
    repo.write("logo.png", "no longer a picture\n")
    repo.write("windows.txt", b"\0\1\2 was text")
    repo.commit("Picture to text, text to binary")
    (repo.folder / "feature.txt").unlink()
    (repo.folder / "feature.txt").symlink_to("README.md")
    (repo.folder / "README.md").chmod(0o755)
    repo.commit("A link, and a file to execute")
    (repo.folder / "feature.txt").unlink()
    repo.write("feature.txt/inside.txt", "a folder now\n")
    repo.write("latin.txt", LATIN.decode("latin-1"))
    repo.commit("A folder, and UTF-8 at last")

    # two files change places, a third goes round
    readme, logo = (repo.folder / "README.md").read_bytes(), b"no longer a picture\n"
    repo.write("README.md", logo)
    repo.write("logo.png", readme)
    repo.commit("Change places")
    repo.commit("Nothing at all", GIT_AUTHOR_NAME="Ünal Ö.", GIT_AUTHOR_EMAIL="u@example.org")

    # a clock that goes wrong in both ways
    repo.write("README.md", "from the past\n")
    repo.commit("Yesterday", GIT_AUTHOR_DATE="1500000000 +0000")
    repo.write("README.md", "from the future\n")
    repo.commit("Tomorrow", GIT_AUTHOR_DATE="4000000000 +0000")

    # a name that is no UTF-8, put into the index past the file system
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"hidden in the index\n").decode().strip()
    repo.git("update-index", "--index-info", stdin=f"100644 {blob}\t".encode() + b"caf\xe9.txt\n")
    repo.git("commit", "--quiet", "-m", "A name in Latin-1")
    repo.git("rm", "--quiet", "--cached", b"caf\xe9.txt")
    repo.git("commit", "--quiet", "-m", "And gone")

    # three branches at once
    for name in ("left", "right"):
        repo.git("checkout", "--quiet", "-b", name, "main")
        repo.write(f"{name}.txt", f"{name}\n")
        repo.commit(f"On the {name}")
    repo.git("checkout", "--quiet", "main")
    repo.write("middle.txt", "middle\n")
    repo.commit("In the middle")
    repo.merge("left", "right")
    return repo
