"""What features, scores and reasons cost at several sizes, beside a bare scan of the columns they need and pandas.

    riskstrat demo                                          # once: a home of 20,000 people with a trained model
    python -m benchmarks.features run --base riskstrat-data --folder /somewhere --write
    python -m benchmarks.features check --base riskstrat-data --folder /somewhere --people 20000

`run` makes a home of each size from the demo's, and works on each in turn: every part in a process of its own, in
several rounds. It prints the least CPU seconds and the greatest peak memory of each as JSON and, with `--write`, puts
them into docs/performance.md after each size. `check` says where ours and pandas differ, which is nowhere.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.features import parts, report
from benchmarks.features.alone import Part, alone
from benchmarks.features.grow import grow

SIZES = (20_000, 100_000, 200_000)
# In this order: scores need features, reasons need scores. A part of ours stands beside what it is compared with.
PARTS: tuple[Part, ...] = (
    parts.scan_of_events,
    parts.scan_of_versions,
    parts.features,
    parts.five_concepts,
    parts.five_in_pandas,
    parts.scan_of_features,
    parts.scores,
    parts.scores_in_pandas,
    parts.reasons_told,
    parts.reasons_in_pandas,
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("does", choices=("run", "check"))
    parser.add_argument("--base", type=Path, required=True, help="home of a demo")
    parser.add_argument("--folder", type=Path, required=True, help="where the homes of each size are made")
    parser.add_argument("--people", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--memory", default="600MB", help="RISKSTRAT_MEMORY of a worker")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    given = parser.parse_args(arguments)
    homes = {people: (given.folder / str(people)).resolve() for people in sorted(given.people)}
    if given.does == "check":
        for people, home in homes.items():
            grow(given.base.resolve(), home, people=people)
            print(json.dumps({"people": people, "differ": checked(home, memory=given.memory)}), flush=True)
        return
    told: dict[int, dict[str, Any]] = {}
    for made in range(1, given.repeat + 1):
        for people, home in homes.items():
            grown = grow(given.base.resolve(), home, people=people)
            before = told.get(people)
            found = merged(before and before["parts"], measure(home, memory=given.memory))
            told[people] = {"grown": grown, "runs": made, "parts": found}
            print(json.dumps({"people": people, **told[people]}), flush=True)
            # After each size, so that a run that is stopped has told what it found.
            if given.write:
                report.write(told, memory=given.memory)


def measure(home: Path, *, memory: str) -> dict[str, dict[str, Any]]:
    """Each part once, by name, in a process of its own: CPU and wall seconds, peak memory in MB, what it counted."""
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        alone(parts.visible, home, folder, memory)
        return {part.__name__: alone(part, home, folder, memory) for part in PARTS}
    finally:
        shutil.rmtree(folder)


def merged(before: dict[str, Any] | None, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The least seconds and the greatest memory of both."""
    if before is None:
        return found
    return {
        name: {
            **one,
            "cpu_s": min(one["cpu_s"], before[name]["cpu_s"]),
            "wall_s": min(one["wall_s"], before[name]["wall_s"]),
            "peak_mb": max(one["peak_mb"], before[name]["peak_mb"]),
        }
        for name, one in found.items()
    }


def checked(home: Path, *, memory: str) -> list[str]:
    """Columns in which ours and pandas differ."""
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        for part in (parts.visible, parts.features, parts.scores):
            part(home, folder, memory)
        return parts.check(home, folder, memory)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
