"""What features, scores and reasons cost at several sizes, beside a bare scan of the columns they need and pandas.

    riskstrat demo                                          # once: a home of 20,000 people with a trained model
    python -m benchmarks.features run --base riskstrat-data --folder /somewhere --write
    python -m benchmarks.features check --base riskstrat-data --folder /somewhere --people 20000

`run` makes a home of each size from the demo's, and works on each in turn: every part in a process of its own, in
several rounds. It prints the least CPU seconds and the greatest peak memory of each as JSON and, with `--write`, puts
them into docs/performance.md after each round. `check` says where ours and pandas differ, which is nowhere.
"""

import argparse
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.features import parts, report
from benchmarks.features.grow import grow

SIZES = (20_000, 100_000, 200_000)
Part = Callable[[Path, Path, str], dict[str, int]]
# In this order: scores need features, reasons need scores. A part of ours stands beside what it is compared with.
PARTS: tuple[Part, ...] = (
    parts.scan_of_events,
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
    grown = {people: grow(given.base.resolve(), home, people=people) for people, home in homes.items()}
    if given.does == "check":
        for people, home in homes.items():
            print(json.dumps({"people": people, "differ": checked(home, memory=given.memory)}), flush=True)
        return
    told: dict[int, dict[str, Any]] = {}
    for made in range(1, given.repeat + 1):
        for people, home in homes.items():
            found = measure(home, memory=given.memory)
            told[people] = {"grown": grown[people], **merged(told.get(people), found)}
            print(json.dumps({"run": made, "people": people, **told[people]}), flush=True)
        # After each round, so that a run that is stopped has told what it found.
        if given.write:
            report.write(told, repeat=made, memory=given.memory)


def measure(home: Path, *, memory: str) -> dict[str, dict[str, Any]]:
    """Each part once, by name, in a process of its own: CPU and wall seconds, peak memory in MB, what it counted."""
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        _alone(parts.visible, home, folder, memory)
        return {part.__name__: _alone(part, home, folder, memory) for part in PARTS}
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


def _alone(part: Part, home: Path, folder: Path, memory: str) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return dict(pool.apply(_timed, (part, home, folder, memory)))


def _timed(part: Part, home: Path, folder: Path, memory: str) -> dict[str, Any]:
    """Libraries that either side needs are loaded before the clock starts, so that what is timed is the work."""
    import duckdb  # noqa: F401 - loaded before the clock starts, as are the next three
    import lightgbm  # noqa: F401 - as above
    import pandas  # noqa: F401 - as above

    import pipeline.steps.features  # noqa: F401 - as above

    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    counted = part(home, folder, memory)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 2),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_mb": after.ru_maxrss // 1024,
        **counted,
    }


if __name__ == "__main__":
    main()
