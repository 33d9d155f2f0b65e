"""``flask --app example_app import-git PATH``: a thin shell over :mod:`.importer`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from flask.cli import with_appcontext

from example_app.git_import.errors import GitError
from example_app.git_import.importer import Report, import_repository
from example_app.git_import.repository import GitRepository


@click.command("import-git")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--glob", "pattern", default="", help="Only paths that match, such as '*.md'.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many commits, oldest first.")
@click.option(
    "--every-commit",
    is_flag=True,
    help="Walk the commits of merged branches one by one instead of along first parents.",
)
@click.option("--name", help="The section's name, when not that of the repository's folder.")
@with_appcontext
def import_git(
    path: Path, pattern: str, limit: int | None, every_commit: bool, name: str | None
) -> None:
    """Import the history of the git repository at PATH.

    Each commit becomes a transaction of its author, each text file an article. Running it again
    adds what is new.
    """
    try:
        report = import_repository(
            GitRepository.open(path),
            pattern=pattern,
            limit=limit,
            every_commit=every_commit,
            name=name,
            progress=show_progress,
        )
    except GitError as error:
        raise click.ClickException(str(error)) from error
    for line in sentences(report):
        click.echo(line)


def show_progress(commits: Sequence[str]) -> Iterator[str]:
    """Yield the commits one by one while a bar on the terminal keeps count."""
    if not commits:
        return
    steps = max(1, len(commits) // 200)
    with click.progressbar(
        commits,
        label="Importing commits",
        update_min_steps=steps,
        show_pos=True,
        file=sys.stderr,
    ) as bar:
        yield from bar


def sentences(report: Report) -> Iterator[str]:
    """Say what an import did."""
    if not report.commits:
        yield f"“{report.section}” is up to date: there is no new commit."
        return
    yield f"Imported {count(report.commits, 'commit')} into the section “{report.section}”."
    done = listed(report.counts, "new", "changed", "renamed", "deleted")
    if done:
        yield f"Files: {done}."
    left_out = listed(report.counts, "binary", "special")
    if left_out:
        yield f"Left out: {left_out} (special are links and submodules)."
    if report.counts["latin-1"]:
        yield f"Not UTF-8, read as Latin-1: {count(report.counts['latin-1'], 'version')}."
    if report.left:
        yield f"{count(report.left, 'commit')} left: run the command again to go on."


def listed(counts: Counter[str], *names: str) -> str:
    """Return ``3 new, 1 renamed``, without those that are none."""
    return ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])


def count(number: int, noun: str) -> str:
    """Return a number with its noun, one or many."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
