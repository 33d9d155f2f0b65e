"""What came out, as people read it: a Markdown table for each database, and a chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import log
from typing import Any

from benchmarks.running import MEMORY, Figure
from benchmarks.workloads import WORKLOADS, Workload

BASE = "unversioned"
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
Table = Mapping[tuple[str, str], Figure]


def markdown(figures: Sequence[Figure], facts: Mapping[str, Any]) -> str:
    """Return the figures as Markdown: one table for each database."""
    lines = [
        f"Measured on {facts['date']} on {facts['machine']}, Python {facts['python']}, SQLAlchemy "
        f"{facts['sqlalchemy']}; medians of {facts['repeats']} repeats in turn. Each figure is the "
        f"time as a multiple of the unversioned work's, with the number of statements after it.",
        "",
    ]
    for kind in dict.fromkeys(figure.database for figure in figures):
        lines += [f"### {TITLES[kind]} {facts['databases'][kind]}", ""]
        lines += _table(kind, [figure for figure in figures if figure.database == kind])
    return "\n".join(lines)


def _table(kind: str, figures: Sequence[Figure]) -> Iterable[str]:
    known: Table = {(figure.workload, figure.contender): figure for figure in figures}
    others = [name for name in dict.fromkeys(f.contender for f in figures) if name != BASE]
    yield "| workload | unversioned | goal | " + " | ".join(others) + " |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(others)
    for workload in WORKLOADS:
        base = known.get((workload.name, BASE))
        if base is None or not base.seconds:
            continue
        title = workload.title.format(size=base.size)
        cells = [_cell(known.get((workload.name, name)), base) for name in others]
        own = f"{base.median * 1000:,.0f} ms, {base.statements:,}"
        goal = f"{workload.goal[kind]:g}"
        yield f"| **{workload.name}** {title} | {own} | {goal} | " + " | ".join(cells) + " |"
        if workload.name == MEMORY and base.bytes:
            cells = [_memory(known.get((workload.name, name)), base.bytes) for name in others]
            own = f"{base.bytes / 1e6:,.0f} MB"
            yield f"| **W9** Peak memory of W1 | {own} | 1.03 | " + " | ".join(cells) + " |"
    yield ""
    for figure in figures:
        if figure.error:
            yield f"- {figure.contender}, {figure.workload}: {figure.error.splitlines()[0]}"
    yield ""


def _cell(figure: Figure | None, base: Figure) -> str:
    if figure is None:
        return "–"
    if not figure.seconds:
        return "fails"
    return f"{_short(figure.median / base.median)}, {figure.statements:,}"


def _memory(figure: Figure | None, base: int) -> str:
    return "–" if figure is None or not figure.bytes else f"{figure.bytes / base:.2f}"


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def missed(figures: Sequence[Figure]) -> list[str]:
    """Return a sentence for each goal that was not reached."""
    known = {(f.database, f.workload, f.contender): f for f in figures if f.seconds}
    found = []
    for workload in WORKLOADS:
        for kind, goal in workload.goal.items():
            base = known.get((kind, workload.name, BASE))
            for name, most in (("ours", goal), ("ours, native", workload.native_goal)):
                ours = known.get((kind, workload.name, name))
                if base is None or ours is None or most is None:
                    continue
                ratio = ours.median / base.median
                if ratio > most:
                    found.append(
                        f"{TITLES[kind]}, {workload.name}, {name}: {ratio:.2f}, not {most:g}"
                    )
    return found


# -- the chart -------------------------------------------------------------------------------------

COLOURS = ("#0f766e", "#5eaaa8", "#b45309", "#d9a066", "#8c6d31", "#7c6f9b")
WIDTH, LEFT, ROW, BAR = 860, 150, 10, 8


def chart(figures: Sequence[Figure], kind: str) -> str:
    """Return an SVG chart of one database: a bar for each contender, on a logarithmic scale."""
    known: Table = {(f.workload, f.contender): f for f in figures if f.database == kind}
    others = [name for name in dict.fromkeys(who for _, who in known) if name != BASE]
    shown = [w for w in WORKLOADS if (w.name, BASE) in known and known[w.name, BASE].seconds]
    height = 70 + len(shown) * (len(others) * ROW + 14)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>The cost of history on {TITLES[kind]}, as multiples of none</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for place, name in enumerate(others):
        x, y = 12 + (place % 3) * 280, 18 + (place // 3) * 18
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS[place]}"/>')
        parts.append(f'<text x="{x + 16}" y="{y}" fill="#333">{escape(name)}</text>')
    top = 62
    parts += _grid(top, height)
    for workload in shown:
        parts += _group(workload, known, others, top)
        top += len(others) * ROW + 14
    return "\n".join([*parts, "</svg>\n"])


def _grid(top: int, height: int) -> Iterable[str]:
    for ratio in (0.5, 1, 2, 5, 10, 20, 50, 100):
        x = _place(ratio)
        colour = "#999" if ratio == 1 else "#e4e4e4"
        yield f'<path d="M{x:.1f} {top - 4}V{height - 8}" stroke="{colour}"/>'
        yield f'<text x="{x:.1f}" y="{top - 8}" text-anchor="middle" fill="#777">×{ratio:g}</text>'


def _group(workload: Workload, known: Table, others: Sequence[str], top: int) -> Iterable[str]:
    base = known[workload.name, BASE]
    middle = top + len(others) * ROW / 2 + 4
    yield f'<text x="12" y="{middle:.0f}" fill="#222">{escape(workload.name)}</text>'
    for place, name in enumerate(others):
        figure = known.get((workload.name, name))
        if figure is None or not figure.seconds:
            continue
        ratio = figure.median / base.median
        start, end = sorted((_place(1), _place(min(max(ratio, 0.3), 120))))
        y = top + place * ROW
        yield (
            f'<rect x="{start:.1f}" y="{y}" width="{max(end - start, 1):.1f}" height="{BAR}" '
            f'fill="{COLOURS[place]}"><title>{escape(name)}: ×{_short(ratio)}</title></rect>'
        )


def _place(ratio: float) -> float:
    """Return where on the scale from 0.3 to 120 a ratio is."""
    return LEFT + (WIDTH - LEFT - 20) * (log(ratio / 0.3) / log(120 / 0.3))
