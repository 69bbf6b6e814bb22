"""Takes a control out of a copy of the tree and asks the test that is said to prove it what it makes of that.

The controls and how each is taken out are data (docs/safety/controls-*.yml). A copy is changed, never the tree itself;
each test runs in a process of its own, so nothing of an earlier removal is left in memory.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.contracts.safety import FOLDER, SHOWN, Control, load_safety_case

PROJECT = Path(__file__).resolve().parents[2]
SHOWN_IN = Path(FOLDER) / SHOWN
# Everything a test may read; not what lies there by chance.
COPIED = ("pipeline", "sql", "expectations", "policy", "models", "reference", "dags", "tests", "docs", "benchmarks")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "GLOSSARY.md", "Makefile")
# Seconds that one test may take on a busy machine.
PATIENCE = 300
AT_ONCE = 2
# So many tests of the tree as it is are run by one process.
TOGETHER = 15


def gates(project: Path = PROJECT) -> tuple[Control, ...]:
    """Every control of the software, in the order of the files."""
    return load_safety_case(project).gates


def segment(source: str, control: Control) -> tuple[int, int]:
    """Where the control's place begins and ends in its file; LookupError when it is not there."""
    _, colon, name = control.place.partition(":")
    if not colon:
        return 0, len(source)
    body: Sequence[ast.stmt] = ast.parse(source).body
    found: ast.stmt | None = None
    for part in name.split("."):
        named = [one for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == part]
        if not named:
            raise LookupError(f"{control.control}: there is no {name} in {control.file}")
        found, body = named[0], named[0].body
    assert found is not None
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts[found.lineno - 1], starts[found.end_lineno or found.lineno]


def without(control: Control, source: str) -> str:
    """The file's text with the control taken out; LookupError unless its text stands exactly once in its place."""
    assert control.removed is not None
    start, end = segment(source, control)
    times = source[start:end].count(control.removed.find)
    if times != 1:
        raise LookupError(
            f"{control.control}: the text to take out stands {times} times in {control.place}, not once; "
            f"say anew how it is taken out in {FOLDER}/controls-*.yml, then run tests/gates/show.py"
        )
    changed = source[start:end].replace(control.removed.find, control.removed.put)
    return source[:start] + changed + source[end:]


def copy_tree(target: Path, *, project: Path = PROJECT) -> Path:
    """A copy of what the tests read, without anything that was compiled."""
    ignored = shutil.ignore_patterns("__pycache__", ".hypothesis", ".pytest_cache")
    for name in COPIED:
        shutil.copytree(project / name, target / name, ignore=ignored)
    for name in FILES:
        shutil.copyfile(project / name, target / name)
    return target


@dataclass(frozen=True)
class Told:
    """What one test did: passed, failed in its own words, or something else (an error before it, a skip)."""

    test: str
    outcome: str
    raised: str


def verdict(told: Sequence[Told], test: str) -> str:
    """'passed' when all examples of the test did, 'failed: <what was raised>' when one failed, else what went wrong."""
    own = [one for one in told if one.test == test or one.test.startswith(f"{test}[")]
    if not own:
        return "was not run"
    other = [one.outcome for one in own if one.outcome not in ("passed", "failed")]
    if other:
        return other[0]
    failed = [one.raised for one in own if one.outcome == "failed"]
    return f"failed: {failed[0]}" if failed else "passed"


def show(folder: Path, controls: Sequence[Control], *, at_once: int = AT_ONCE) -> dict[str, dict[str, str]]:
    """By control: what its test said of the tree as it is, and of the tree without the control."""
    copies = [copy_tree(folder / f"copy{place}") for place in range(at_once)]
    plain = sorted({one.proved_by for one in controls})
    together = [plain[start : start + TOGETHER] for start in range(0, len(plain), TOGETHER)]
    jobs = [_job(one, text=without(one, (copies[0] / one.file).read_text(encoding="utf-8"))) for one in controls]
    jobs += [{"tests": some, "file": "", "text": "", "seconds": PATIENCE * len(some)} for some in together]
    asked = {"copies": list(map(str, copies)), "jobs": jobs}
    (folder / "jobs.json").write_text(json.dumps(asked), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RISKSTRAT_", "PYTHON"))}
    serve = [sys.executable, str(Path(__file__).with_name("serve.py")), str(folder)]
    subprocess.run(serve, cwd=folder, env=kept, stdin=subprocess.DEVNULL, check=True)
    as_it_is = [told for number in range(len(controls), len(jobs)) for told in _told(folder, number)]
    return {
        one.control: {
            "digest": one.digest,
            "with": verdict(as_it_is, one.proved_by),
            "without": verdict(_told(folder, number), one.proved_by),
        }
        for number, one in enumerate(controls)
    }


def _job(control: Control, *, text: str) -> dict[str, object]:
    return {"tests": [control.proved_by], "file": control.file, "text": text, "seconds": PATIENCE}


def _told(folder: Path, number: int) -> list[Told]:
    path = folder / f"{number}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [Told(**json.loads(line)) for line in lines]


def is_shown(found: dict[str, str]) -> bool:
    """Whether the test passed with the control and failed, in its own words, without it."""
    return found["with"] == "passed" and found["without"].startswith("failed: ")


def as_text(shown: dict[str, dict[str, str]]) -> str:
    """The file of what was shown."""
    return json.dumps(shown, indent=1, sort_keys=True) + "\n"
