"""The rules of DAGs: wiring and a runbook, quick to parse, no warnings, and every task with owner, pool and retries."""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import build_parser
from pipeline.contracts.policy import SOURCES
from pipeline.contracts.settings import PROJECT, VARIABLES
from pipeline.steps.scheduled import tasks

DAGS = PROJECT / "dags"
FILES = sorted(DAGS.glob("*.py"))
WIRING = DAGS / "riskstrat_wiring.py"
IDS = {"deliveries", "nightly", "nightly_early", "training", "feedback", "housekeeping"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process saw that loaded the DAGs with every deprecation warning an error."""
    folder = tmp_path_factory.mktemp("rules")
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "RISKSTRAT"))}
    environment = mine | {"AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    script = Path(__file__).with_name("read_dags.py")
    command = [sys.executable, "-W", "error::DeprecationWarning", str(script), str(DAGS), str(folder / "seen.json")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads((folder / "seen.json").read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_dag_files_are_wiring_and_import_only_airflows_sdk_and_the_tasks(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 80, f"{path.name} does more than wire"
    for node in ast.walk(ast.parse(text)):
        names = [f"{node.module}.{node.names[0].name}"] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert is_allowed(name), f"{path.name} imports {name}"


def is_allowed(name: str) -> bool:
    """Airflow's public SDK, our tasks, the file that all share, and what is light."""
    root = name.partition(".")[0]
    if root == "airflow":
        return name == "airflow.sdk" or name.startswith("airflow.sdk.")
    if root == "pipeline":
        return name.startswith("pipeline.steps.scheduled.tasks.") or name == "pipeline.steps.scheduled.tasks"
    return root in ("pendulum", "riskstrat_wiring") or root in sys.stdlib_module_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("airflow.sdk", True),
        ("airflow.sdk.exceptions.AirflowSkipException", True),
        ("airflow.models.DAG", False),
        ("airflow.decorators.task", False),
        ("airflow.sdkother", False),
        ("pipeline.steps.scheduled.tasks.tell_failed_task", True),
        ("pipeline.steps.publish.publish", False),
        ("pyarrow", False),
    ],
)
def test_the_rule_of_imports_tells_right_from_wrong(name: str, expected: bool) -> None:
    assert is_allowed("airflow.sdk" if name == "airflow.sdk" else name) is expected


def test_the_dags_load_without_errors_or_warnings(seen: dict[str, Any]) -> None:
    assert seen["import_errors"] == {}
    assert seen["warnings"] == []
    assert set(seen["dags"]) == IDS


def test_every_file_is_quick_to_parse_and_brings_in_nothing_heavy(seen: dict[str, Any]) -> None:
    assert seen["top_level"]["heavy"] == []
    assert seen["top_level"]["seconds"] < 3
    # Airflow's own first import counts to whichever file comes first.
    assert sorted(seen["seconds"].values())[-2] < 1


@pytest.mark.parametrize("dag_id", sorted(IDS))
def test_each_dag_keeps_the_rules(seen: dict[str, Any], dag_id: str) -> None:
    dag = seen["dags"][dag_id]
    assert "riskstrat" in dag["tags"] and dag["description"] and dag["active"] == 1 and not dag["catchup"]
    for name, task in dag["tasks"].items():
        assert task["owner"] == "data-engineering", name
        assert task["retries"] >= 1 and task["has_policy"] and task["tells"], name
        assert task["pool"] == "riskstrat", name
        assert task["weight"] == (10 if dag_id.startswith("nightly") else 1), name
    # Told at the end of every run, whatever came of it, and without making a failed run look well.
    assert dag_id == "training" or dag["tasks"]["notify"]["is_teardown"]


def test_the_pool_is_declared_with_one_slot() -> None:
    (name, pool), *others = json.loads((DAGS / "pools.json").read_text()).items()
    assert (name, pool["slots"], others) == ("riskstrat", 1, []) and pool["description"]


def test_the_night_goes_through_every_stage_in_its_order(seen: dict[str, Any]) -> None:
    for dag_id in ("nightly", "nightly_early"):
        order = seen["dags"][dag_id]["order"]
        stages = [name for name in order if name in tasks.STAGE_NAMES]
        assert stages == list(tasks.STAGE_NAMES)
        assert order[:2] == ["intake", "freeze"] and order[-2:] == ["finish", "notify"]
        # Of a night that stops before its packs `publish` is skipped, which alone would let the run look well.
        assert set(seen["dags"][dag_id]["tasks"]["finish"]["upstream"]) >= {"publish", "packs"}


def test_the_night_has_a_deadline_and_two_ways_to_begin(seen: dict[str, Any]) -> None:
    dags = seen["dags"]
    assert dags["nightly"]["deadline"] and dags["nightly"]["timetable"] == "CronPartitionTimetable"
    assert dags["nightly_early"]["timetable"] == "PartitionedAssetTimetable"
    marks = {f"mark_{source}" for source in SOURCES}
    assert marks == {name for name in dags["deliveries"]["order"] if name.startswith("mark_")}
    for name in marks:
        assert "look" in dags["deliveries"]["tasks"][name]["upstream"]
    # Where something failed nobody looks, so nothing is marked and the run has failed.
    assert {"collect", "validate", "link"} <= set(dags["deliveries"]["tasks"]["look"]["upstream"])


def test_every_task_does_a_function_that_is_there(seen: dict[str, Any]) -> None:
    every = [
        task["does"] for dag in seen["dags"].values() for name, task in dag["tasks"].items() if "mark_" not in name
    ]
    assert all(every)
    done = set(every)
    assert len(done) >= 20
    for name in done:
        assert name in tasks.__all__ and callable(getattr(tasks, name)), name
    told_at_once = {"tell_failed_task", "tell_missed_deadline"}
    assert set(tasks.__all__) == done | told_at_once


def test_what_a_task_is_given_fits_the_function() -> None:
    """`does("task", "function", name=…)` names only what the function takes, and all that it needs."""
    checked = 0
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "does"):
                continue
            function = getattr(tasks, ast.literal_eval(node.args[1]))
            takes = inspect.signature(function).parameters
            given = {one.arg for one in node.keywords if one.arg not in (None, "how")}
            is_open = any(one.arg is None for one in node.keywords)
            needed = {name for name, one in takes.items() if one.default is one.empty and name != "environment"}
            assert given <= set(takes) and (is_open or needed <= given), ast.unparse(node)
            checked += 1
    assert checked >= 15


@pytest.mark.parametrize("path", [path for path in FILES if path != WIRING], ids=lambda path: path.name)
def test_each_runbook_names_only_what_is_there(path: Path) -> None:
    """Pages, commands and settings; and a table of what a red task says with what to do."""
    doc = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert (
        "**What it does.**" in doc
        and "**When a task is red.**" in doc
        and "**By hand" in doc.replace("Run a night by", "By")
    )
    rows = [line for line in doc.splitlines() if line.startswith("|")]
    assert rows[0] == "| it says | do |" and len(rows) >= 5
    for page in re.findall(r"docs/[\w/-]+(?:\.md)?", doc):
        assert (PROJECT / page).exists(), page
    for command in re.findall(r"`riskstrat ([\w-]+)", doc):
        assert command in commands(), command
    for setting in re.findall(r"RISKSTRAT_\w+", doc):
        assert setting in VARIABLES, setting


def commands() -> set[str]:
    """Names of every command of the shell."""
    (choices,) = [action.choices for action in build_parser()._actions if action.choices]
    return set(choices)


def test_the_documentation_names_every_dag_and_its_time() -> None:
    page = (PROJECT / "docs" / "for-operators.md").read_text()
    for dag_id in IDS:
        assert f"`{dag_id}`" in page, dag_id
