"""Runs contenders side by side: each workload in turn by each of them, again and again.

They take turns, so that whatever else the machine does meets them all alike; of the repeats the
median counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import databases
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.environments import interpreter
from benchmarks.workloads import WORKLOADS, Workload

ROOT = Path(__file__).parent.parent
#: W1 tells how much memory history takes.
MEMORY = "W1"


@dataclass(slots=True)
class Figure:
    """What one contender needed for one workload on one database.

    :ivar seconds: of each repeat, on the wall.
    :ivar statements: how many were sent.
    :ivar bytes: the peak of what Python allocated, where it was asked for.
    :ivar error: why there is nothing to show.
    """

    contender: str
    database: str
    workload: str
    size: int
    seconds: list[float] = field(default_factory=list)
    statements: int | None = None
    bytes: int | None = None
    error: str | None = None

    @property
    def median(self) -> float:
        """The median of the repeats, in seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Worker:
    """A contender's process."""

    contender: Contender
    process: subprocess.Popen[str]
    versions: dict[str, str]

    def ask(self, workload: Workload, size: int, measure: str) -> dict[str, Any]:
        """Have a workload done and return the answer."""
        order = {"workload": workload.name, "size": size, "measure": measure}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            return {"error": f"the process ended with status {self.process.wait()}"}
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def worker(contender: Contender, kind: str, environments: Path) -> Iterator[Worker]:
    """Start a contender's process on a fresh database; end it afterwards."""
    python = interpreter(contender, environments)
    with databases.fresh(kind) as url:
        process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", contender.name, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{contender.name} on {kind} did not start; see above.")
            yield Worker(contender, process, json.loads(line))
        finally:
            process.stdin.close()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(
    kinds: Sequence[str],
    environments: Path,
    *,
    names: Iterable[str] = (),
    contenders: Iterable[str] = (),
    repeats: int,
    quick: bool,
    tell: Callable[[str], None],
) -> tuple[list[Figure], dict[str, dict[str, str]]]:
    """Measure and return every figure, and what each contender ran on.

    :param names: of the workloads; all without any.
    :param contenders: their names; all without any.
    :param tell: is told what is going on.
    """
    figures: list[Figure] = []
    versions: dict[str, dict[str, str]] = {}
    chosen = set(contenders) or {each.name for each in CONTENDERS}
    workloads = [each for each in WORKLOADS if not names or each.name in set(names)]
    for kind in kinds:
        with ExitStack() as stack:
            workers = [
                stack.enter_context(worker(each, kind, environments))
                for each in CONTENDERS
                if each.name in chosen and kind in each.databases
            ]
            versions |= {each.contender.name: each.versions for each in workers}
            for each in workloads:
                tell(f"{kind}: {each.name}")
                figures += measure(workers, kind, each, repeats=repeats, quick=quick)
    return figures, versions


def measure(
    workers: Sequence[Worker], kind: str, workload: Workload, *, repeats: int, quick: bool
) -> list[Figure]:
    """Have all contenders do one workload in turn."""
    size = workload.quick if quick else workload.size
    figures = [Figure(each.contender.name, kind, workload.name, size) for each in workers]
    pairs = list(zip(workers, figures, strict=True))
    for each, figure in pairs:
        each.ask(workload, size, "seconds")  # warms up
        counted = each.ask(workload, size, "statements")
        figure.statements, figure.error = counted.get("statements"), counted.get("error")
    for _ in range(repeats):
        for each, figure in pairs:
            if figure.error is None:
                timed = each.ask(workload, size, "seconds")
                figure.error = timed.get("error")
                figure.seconds += [timed["seconds"]] if "seconds" in timed else []
    for each, figure in pairs:
        if workload.name == MEMORY and figure.error is None:
            figure.bytes = each.ask(workload, size, "bytes").get("bytes")
    return figures


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Return figures as JSON can hold them."""
    return [asdict(figure) for figure in figures]
