"""Runs tests over copies of the tree, each run in a process of its own that has the libraries loaded already.

Nearly all of a test's start is the import of libraries. They are imported here once; every run is a fork of this
process, made before anything of the project was imported, so that each imports the project from its copy as it then is.
A plain script, `python serve.py FOLDER`: reads FOLDER/jobs.json (copies; jobs, each with its tests, its seconds and, if
anything is taken out, a file and its text) and writes FOLDER/<number of the job>.jsonl, what told.py told, and .txt,
what was said.
"""

import importlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIBRARIES = (
    "alembic.autogenerate",
    "alembic.command",
    "cryptography.hazmat.primitives.ciphers.aead",
    "deltalake",
    "duckdb",
    "great_expectations",
    "hypothesis.strategies",
    "jinja2",
    "lightgbm",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow.compute",
    "pyarrow.parquet",
    "pydantic",
    "pytest",
    "sklearn.linear_model",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "sqlglot",
    "structlog",
    "yaml",
)


@dataclass
class Running:
    """A run that has not ended: its process, what it may not outlast, and how its copy is put right again."""

    child: int
    end: float
    path: Path | None
    kept: bytes
    times: tuple[float, float]


def main(folder: Path) -> None:
    """Load the libraries, then do all jobs, one at a time in each copy."""
    # A library that starts threads on import would not outlive the fork.
    os.environ |= {"GX_ANALYTICS_ENABLED": "false", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in LIBRARIES:
        importlib.import_module(name)
    assert "pipeline" not in sys.modules
    asked = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    waiting = list(enumerate(asked["jobs"]))[::-1]
    running: dict[str, Running | None] = dict.fromkeys(asked["copies"])
    while waiting or any(running.values()):
        for copy, one in running.items():
            if one is not None and _has_ended(one):
                running[copy] = None
            elif one is None and waiting:
                number, job = waiting.pop()
                running[copy] = _started(job, copy=copy, folder=folder, name=str(number))
        time.sleep(0.02)


def _started(job: dict[str, Any], *, copy: str, folder: Path, name: str) -> Running:
    path = Path(copy) / job["file"] if job["file"] else None
    kept, times = b"", (0.0, 0.0)
    if path is not None:
        kept, times = path.read_bytes(), (path.stat().st_atime, path.stat().st_mtime)
        path.write_text(job["text"], encoding="utf-8")
        # Compiled files are known by whole seconds and size: another time for each run is another file for certain.
        os.utime(path, (times[0], times[1] - 10_000_000 - 10 * int(name)))
    child = os.fork()
    if child == 0:
        os._exit(_run(job["tests"], copy=copy, folder=folder, name=name))
    return Running(child, time.monotonic() + job["seconds"], path, kept, times)


def _has_ended(one: Running) -> bool:
    done, _ = os.waitpid(one.child, os.WNOHANG)
    if not done and time.monotonic() < one.end:
        return False
    if not done:
        os.kill(one.child, signal.SIGKILL)
        os.waitpid(one.child, 0)
    if one.path is not None:
        one.path.write_bytes(one.kept)
        os.utime(one.path, one.times)
    return True


def _run(tests: list[str], *, copy: str, folder: Path, name: str) -> int:
    """In the child: these tests, with all that is said in a file."""
    with (folder / f"{name}.txt").open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(copy)
    os.environ["HYPOTHESIS_PROFILE"] = "unshrunk"
    os.environ["GATES_TOLD"] = str(folder / f"{name}.jsonl")
    sys.path[:0] = [copy, str(Path(copy) / "tests" / "gates")]
    import pytest

    try:
        return int(pytest.main(["-p", "no:cacheprovider", "-p", "told", "--no-header", *tests]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
