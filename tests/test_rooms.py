"""The rooms of docs/architecture.md: who may import whom, who may ask for the time, and what loads only when needed.

Each rule first proves itself on a planted violation; a rule that cannot fail protects nothing.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
BELOW = ("pipeline.errors", "pipeline.log", "pipeline.rules", "pipeline.contracts")

# Room -> what of this project it may import, besides itself.
MAY_IMPORT = {
    "dags": ("pipeline.steps",),
    "pipeline/__main__.py": ("pipeline.commands", "pipeline.steps", "pipeline.store", *BELOW),
    "pipeline/commands": ("pipeline.steps", "pipeline.store", *BELOW),
    "pipeline/steps": (
        "pipeline.engines",
        "pipeline.store",
        "pipeline.ledger",
        "pipeline.channels",
        "pipeline.synthetic",
        "pipeline.clock",
        *BELOW,
    ),
    "pipeline/engines": BELOW,
    "pipeline/store": BELOW,
    "pipeline/ledger": BELOW,
    "pipeline/channels": BELOW,
    "pipeline/synthetic": BELOW,
    "pipeline/contracts": ("pipeline.errors", "pipeline.rules"),
    "pipeline/rules": ("pipeline.errors",),
    "pipeline/log.py": ("pipeline.errors", "pipeline.clock", "pipeline.rules"),
    "pipeline/clock.py": (),
    "pipeline/errors.py": (),
    "pipeline/__init__.py": (),
}
# The folders of pipeline/steps from the ground up: each may import those before it and itself, so that no stage knows
# what comes after it, and a module stands where its journey has got to. `intake` is a module: receive, validate, link.
FLOORS = (
    "at_hand",
    "opt_out",
    "receive",
    "validate",
    "run",
    "link",
    "features",
    "intake",
    "docs",
    "model",
    "register",
    "watch",
    "publish",
    "feedback",
    "exchange",
    "codelist",
    "upkeep",
    "tell",
    "night",
    "backfill",
    "scheduled",
    "demo",
)
# Library -> rooms that may import it. Libraries not named here are open to every room but rules.
LIBRARY_ROOMS = {
    "airflow": ("dags",),
    "sqlalchemy": ("pipeline/ledger", "pipeline/store"),
    "alembic": ("pipeline/ledger",),
    "cryptography": ("pipeline/store",),
    "deltalake": ("pipeline/store",),
    "duckdb": ("pipeline/engines",),
    "sqlglot": ("pipeline/engines", "pipeline/contracts"),
    "great_expectations": ("pipeline/engines",),
    "lightgbm": ("pipeline/engines",),
    "sklearn": ("pipeline/engines",),
    "jinja2": ("pipeline/channels",),
    "requests": ("pipeline/channels",),
    "mesh_client": ("pipeline/channels",),
    "openlineage": ("pipeline/channels",),
    "xlsxwriter": ("pipeline/channels",),
}
RULES_LIBRARIES = {"numpy"}
# Slow to import; Airflow reads the DAG files again and again.
HEAVY = ("great_expectations", "lightgbm", "sklearn", "pandas", "airflow", "scipy", "openlineage")
# What the edge asks once and hands down. A trailing star covers everything below.
ASKS_THE_WORLD = (
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "pandas.Timestamp.now",
    "pandas.Timestamp.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "os.environ",
    "os.environb",
    "os.getenv",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "secrets.*",
    "random.*",
    "numpy.random.*",
)
# Generators that a seed makes repeatable: allowed when they are given one, or as a type.
SEEDED = ("random.Random", "numpy.random.default_rng", "numpy.random.PCG64", "numpy.random.SeedSequence")
TYPES_ONLY = ("numpy.random.Generator", "numpy.random.BitGenerator")
# Files that may ask, and what: the edge, the clock, and the one place that draws keys.
MAY_ASK = {
    "dags": ASKS_THE_WORLD,
    "pipeline/__main__.py": ASKS_THE_WORLD,
    "pipeline/clock.py": ("datetime.datetime.now",),
    "pipeline/store/keys.py": ("secrets.*",),
}


@dataclass(frozen=True)
class Import:
    """One name imported by a file; `late` if only inside a function or for type checking."""

    name: str
    late: bool


def problems(source: str, *, path: str) -> list[str]:
    """What this file of the project does against the rules of its room, one sentence each."""
    tree = ast.parse(source, filename=path)
    found = list(_imports(tree, path=path))
    told = [
        *_room_problems(path, found),
        *_floor_problems(path, found),
        *_library_problems(path, found),
        *_world_problems(tree, path=path),
    ]
    return list(dict.fromkeys(told))


def _room(path: str) -> str:
    parts = path.split("/")
    if parts[0] == "dags":
        return "dags"
    return "/".join(parts[:2])


def _room_problems(path: str, found: list[Import]) -> Iterator[str]:
    room = _room(path)
    own = room.replace("/", ".")
    if room not in MAY_IMPORT:
        yield f"`{path}` is in no room that docs/architecture.md knows"
        return
    may = MAY_IMPORT[room]
    told = ", ".join(f"`{name}`" for name in sorted(may)) or "nothing of this project"
    for one in found:
        name = ".".join(one.name.split(".")[:2])
        inside = one.name.split(".")[0] in ("pipeline", "dags", "tests")
        if inside and name != own and name not in may:
            yield f"`{path}` imports `{name}`; {_short(room)} may import only {told}"


def _floor_problems(path: str, found: list[Import]) -> Iterator[str]:
    """Of a module of the steps: the folder it stands in, and that it imports none above."""
    if not path.startswith("pipeline/steps/") or path == "pipeline/steps/__init__.py":
        return
    own = path.removesuffix(".py").split("/")[2]
    if own not in FLOORS:
        yield f"`{path}` stands in no folder of the steps that tests/test_rooms.py knows"
        return
    for one in found:
        parts = one.name.split(".")
        if parts[:2] == ["pipeline", "steps"] and parts[2:3] and parts[2] in FLOORS[FLOORS.index(own) + 1 :]:
            yield f"`{path}` imports `{'.'.join(parts[:3])}`, which stands above `{own}`"


def _library_problems(path: str, found: list[Import]) -> Iterator[str]:
    room = _room(path)
    for one in found:
        library = one.name.split(".")[0]
        if library in LIBRARY_ROOMS and room not in LIBRARY_ROOMS[library]:
            yield f"`{path}` imports `{library}`, which belongs in {', '.join(LIBRARY_ROOMS[library])}"
        if room == "pipeline/rules" and not _is_plain(library):
            yield f"`{path}` imports `{library}`; rules may import only the standard library and numpy"
        if library in HEAVY and not one.late and room != "dags":
            yield f"`{path}` imports `{library}` at its top; import it inside the function that uses it"


def _is_plain(library: str) -> bool:
    return library in sys.stdlib_module_names or library in RULES_LIBRARIES or library == "pipeline"


def _short(room: str) -> str:
    return room.removeprefix("pipeline/")


def _imports(tree: ast.Module, *, path: str) -> Iterator[Import]:
    late = _late_nodes(tree)
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from pipeline import clock` names a module, `from pipeline.clock import now` a thing in one.
            is_package = module.count(".") == 0 or module == "pipeline.steps"
            names = [alias.name for alias in node.names] if is_package else [""]
            for name in names:
                yield Import(f"{module}.{name}".rstrip("."), id(node) in late)
        elif isinstance(node, ast.Call) and _is_import_call(node):
            yield Import(str(node.args[0].value), True)  # type: ignore[attr-defined]  # checked in _is_import_call


def _is_import_call(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    has_text = bool(node.args) and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    return name in ("import_module", "__import__") and has_text


def _late_nodes(tree: ast.Module) -> set[int]:
    late: set[int] = set()
    for node in ast.walk(tree):
        is_checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_checking:
            late.update(id(inner) for inner in ast.walk(node))
    return late


def _world_problems(tree: ast.Module, *, path: str) -> Iterator[str]:
    may = MAY_ASK.get(path) or MAY_ASK.get(_room(path), ())
    names = _local_names(tree)
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    writes = _environment_writes(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name) or id(node) in writes:
            continue
        name = _full_name(node, names)
        if name is None or not _matches(name, ASKS_THE_WORLD) or _matches(name, may) or name in TYPES_ONLY:
            continue
        call = calls.get(id(node))
        if name in SEEDED and (call is None or call.args or call.keywords):
            continue
        yield f"`{path}` uses `{name}`; only the edge asks the clock, the environment or for randomness"


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name == pattern or (pattern.endswith(".*") and name.startswith(pattern[:-1])) for pattern in patterns)


def _local_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `np` is numpy, `datetime` may be datetime.datetime."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                short = alias.asname or alias.name.split(".")[0]
                names[short] = alias.name if alias.asname else short
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _full_name(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = _full_name(node.value, names)
        return None if base is None else f"{base}.{node.attr}"
    return None


def _environment_writes(tree: ast.Module) -> set[int]:
    """`os.environ[...] = ...` tells a library something and reads nothing."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
        for inner in ast.walk(node.value)
    }


def _files() -> list[str]:
    found = [*PROJECT.glob("pipeline/**/*.py"), *PROJECT.glob("dags/**/*.py")]
    return sorted(file.relative_to(PROJECT).as_posix() for file in found)


def test_every_file_keeps_to_its_room() -> None:
    told = [one for file in _files() for one in problems((PROJECT / file).read_text(), path=file)]
    assert not told, "\n" + "\n".join(told)


PLANTED = [
    (
        "pipeline/rules/x.py",
        "from pipeline.store import layout",
        "`pipeline/rules/x.py` imports `pipeline.store`; rules may import only `pipeline.errors`",
    ),
    ("pipeline/rules/x.py", "def f():\n    import pipeline.ledger.runs", "imports `pipeline.ledger`"),
    ("pipeline/rules/x.py", "from ..store import layout", "imports `pipeline.store`"),
    ("pipeline/rules/x.py", "from pipeline import clock", "imports `pipeline.clock`"),
    ("pipeline/rules/x.py", "import pyarrow", "rules may import only the standard library and numpy"),
    ("pipeline/store/x.py", "from pipeline.ledger import runs", "store may import only"),
    (
        "pipeline/engines/x.py",
        "import importlib\nimportlib.import_module('pipeline.steps.model.score')",
        "`pipeline.steps`",
    ),
    ("pipeline/ledger/x.py", "from pipeline import clock", "`pipeline.clock`"),
    ("pipeline/synthetic/x.py", "from pipeline.engines import query", "`pipeline.engines`"),
    ("pipeline/contracts/x.py", "if TYPE_CHECKING:\n    import pipeline.store.tables", "`pipeline.store`"),
    ("pipeline/steps/at_hand/x.py", "import dags.nightly", "`dags.nightly`"),
    ("pipeline/steps/at_hand/x.py", "import sqlalchemy as sa", "`sqlalchemy`, which belongs in pipeline/ledger"),
    ("pipeline/steps/at_hand/x.py", "import airflow", "`airflow`, which belongs in dags"),
    ("pipeline/engines/x.py", "import pandas as pd", "imports `pandas` at its top"),
    ("pipeline/engines/x.py", "from sklearn.linear_model import Ridge", "imports `sklearn` at its top"),
    ("pipeline/cupboard/x.py", "", "is in no room"),
    ("pipeline/commands/x.py", "from pipeline.ledger import runs", "commands may import only"),
    ("pipeline/commands/x.py", "from datetime import date\ndate.today()", "uses `datetime.date.today`"),
    ("pipeline/steps/at_hand/x.py", "from pipeline.commands import night", "`pipeline.commands`"),
    ("pipeline/steps/x.py", "", "stands in no folder of the steps"),
    ("pipeline/steps/cupboard/x.py", "", "stands in no folder of the steps"),
    ("pipeline/steps/register/x.py", "from pipeline.steps.publish.pack_night import f", "stands above `register`"),
    ("pipeline/steps/link/x.py", "def f():\n    from pipeline.steps import intake", "stands above `link`"),
    ("dags/x.py", "from pipeline.ledger import runs", "dags may import only `pipeline.steps`"),
    ("pipeline/steps/at_hand/x.py", "from datetime import datetime\ndatetime.now()", "uses `datetime.datetime.now`"),
    ("pipeline/steps/at_hand/x.py", "import datetime as d\nd.date.today()", "uses `datetime.date.today`"),
    ("pipeline/store/x.py", "from time import time as t\nt()", "uses `time.time`"),
    ("pipeline/store/x.py", "import os\nos.environ['A']", "uses `os.environ`"),
    ("pipeline/store/x.py", "from os import environ as e\ne.get('A')", "uses `os.environ`"),
    ("pipeline/store/x.py", "import os\nx = os.getenv('A')", "uses `os.getenv`"),
    ("pipeline/synthetic/x.py", "import random\nrandom.random()", "uses `random.random`"),
    ("pipeline/synthetic/x.py", "import random\nrandom.Random()", "uses `random.Random`"),
    ("pipeline/synthetic/x.py", "import numpy as np\nnp.random.seed(1)", "uses `numpy.random.seed`"),
    ("pipeline/synthetic/x.py", "import numpy as np\nnp.random.default_rng()", "uses `numpy.random.default_rng`"),
    ("pipeline/ledger/x.py", "import uuid\nuuid.uuid4()", "uses `uuid.uuid4`"),
    ("pipeline/store/x.py", "import secrets\nsecrets.token_bytes(9)", "uses `secrets.token_bytes`"),
]


@pytest.mark.parametrize(("path", "source", "expected"), PLANTED, ids=[f"{p}: {s}" for p, s, _ in PLANTED])
def test_a_planted_violation_is_told(path: str, source: str, expected: str) -> None:
    told = problems(source, path=path)
    assert any(expected in one for one in told), told


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("pipeline/rules/x.py", "import numpy as np\nimport math\nfrom pipeline.errors import PipelineError"),
        ("pipeline/rules/x.py", "from pipeline.rules.times import f"),
        ("pipeline/steps/at_hand/x.py", "from pipeline.ledger import runs\nfrom pipeline import clock\nclock.now()"),
        ("pipeline/engines/x.py", "def f():\n    import pandas"),
        ("pipeline/engines/x.py", "import os\nos.environ['GX_ANALYTICS_ENABLED'] = 'False'"),
        ("pipeline/synthetic/x.py", "import numpy as np\ndef f(r: np.random.Generator):\n    r.random(3)"),
        ("pipeline/synthetic/x.py", "import numpy as np\nnp.random.default_rng(7)"),
        ("pipeline/steps/at_hand/x.py", "import time\ntime.perf_counter()"),
        ("pipeline/clock.py", "from datetime import datetime\ndatetime.now()"),
        ("pipeline/__main__.py", "import os\nos.environ['A']"),
        ("pipeline/store/keys.py", "import secrets\nsecrets.token_bytes(9)"),
        (
            "pipeline/steps/publish/x.py",
            "from pipeline.steps.register.segment import f\nimport pipeline.steps.publish.y",
        ),
        ("dags/x.py", "from airflow.sdk import DAG\nfrom pipeline.steps.scheduled import tasks\nimport os\nos.environ"),
    ],
)
def test_what_is_allowed_is_not_told(path: str, source: str) -> None:
    assert problems(source, path=path) == []


def test_importing_every_step_loads_nothing_heavy() -> None:
    """In a fresh process, as Airflow does it: the heavy libraries come in when a task runs, not when it is read."""
    files = sorted(PROJECT.glob("pipeline/steps/**/*.py"))
    names = [".".join(file.relative_to(PROJECT).with_suffix("").parts) for file in files if file.stem != "__init__"]
    assert len(names) > 100, "there are hardly any steps"
    assert _heavy_after(names) == []


def test_the_heavy_test_sees_a_planted_import() -> None:
    assert _heavy_after(["pandas"]) == ["pandas"]


def _heavy_after(names: list[str]) -> list[str]:
    program = (
        "import importlib, json, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(json.dumps(sorted(set(sys.modules) & set({HEAVY!r}))))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))
