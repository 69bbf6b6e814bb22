"""One part in a process of its own: what it took of the processor and the most memory it held."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Part = Callable[[Path, Path, str], dict[str, int]]


def alone(part: Part, home: Path, folder: Path, memory: str) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return dict(pool.apply(_timed, (part, home, folder, memory)))


def _timed(part: Part, home: Path, folder: Path, memory: str) -> dict[str, Any]:
    """Libraries that either side needs are loaded before the clock starts, so that what is timed is the work."""
    import duckdb  # noqa: F401 - loaded before the clock starts, as are the next three
    import lightgbm  # noqa: F401 - as above
    import pandas  # noqa: F401 - as above

    import pipeline.steps.features.features  # noqa: F401 - as above

    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    counted = part(home, folder, memory)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 2),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_mb": after.ru_maxrss // 1024,
        **counted,
    }
