"""``python -m benchmarks``: measures, and writes results.json, table.md and a chart a database."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
from pathlib import Path

from benchmarks import databases
from benchmarks.contenders import CONTENDERS
from benchmarks.report import chart, markdown, missed
from benchmarks.running import as_json, run
from benchmarks.workloads import WORKLOADS


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of each workload")
    parser.add_argument("--repeats", type=int, default=5, help="how often each is timed")
    parser.add_argument("--databases", nargs="+", default=databases.KINDS, choices=databases.KINDS)
    parser.add_argument(
        "--workloads", nargs="+", default=[], choices=[each.name for each in WORKLOADS]
    )
    parser.add_argument(
        "--contenders", nargs="+", default=[], choices=[each.name for each in CONTENDERS]
    )
    parser.add_argument("--environments", type=Path, default=Path(".benchmarks"))
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    args = parser.parse_args()
    figures, versions = run(
        args.databases,
        args.environments.absolute(),
        names=args.workloads,
        contenders=args.contenders,
        repeats=args.repeats,
        quick=args.quick,
        tell=lambda text: print(text, file=sys.stderr, flush=True),
    )
    facts = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "sqlalchemy": next(iter(versions.values()))["sqlalchemy"],
        "repeats": args.repeats,
        "databases": {kind: databases.version(kind) for kind in args.databases},
        "contenders": versions,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    results = {"facts": facts, "figures": as_json(figures)}
    (args.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    table = markdown(figures, facts)
    (args.out / "table.md").write_text(table)
    for kind in args.databases:
        (args.out / f"{kind}.svg").write_text(chart(figures, kind))
    print(table)
    for sentence in missed(figures):
        print(f"missed: {sentence}")


if __name__ == "__main__":
    main()
