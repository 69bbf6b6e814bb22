"""The nightly DAG: it loads clean, follows the rules of DAGs, and runs the real steps."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.contracts.settings import PROJECT

DAGS = PROJECT / "dags"


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated Airflow database of its own."""
    home = tmp_path_factory.mktemp("airflow")
    environment = airflow_environment(home)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    return home


def airflow_environment(home: Path, **more: str) -> dict[str, str]:
    return (
        os.environ
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "GX_ANALYTICS_ENABLED": "false",
        }
        | more
    )


def test_dag_files_import_only_the_steps_and_airflow() -> None:
    for path in sorted(DAGS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("pipeline"):
                    assert name.startswith("pipeline.steps"), f"{path.name} imports {name}"


def test_the_dag_loads_without_warnings_and_keeps_the_rules(airflow_home: Path) -> None:
    look = f"""
import warnings; warnings.simplefilter("error", DeprecationWarning)
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder={str(DAGS)!r})
assert bag.import_errors == {{}}, bag.import_errors
dag = bag.dags["nightly"]
names = [task.task_id for task in dag.topological_sort()]
assert sorted(names) == sorted(["intake", "freeze", "features", "score", "segment", "register", "publish", "finish"]), names
for task in dag.tasks:
    assert task.owner == "data-engineering" and task.retries >= 1, task.task_id
order = names.index
assert order("intake") < order("freeze") < order("features") < order("score") < order("publish") < order("finish")
assert dag.tags and "When a task is red" in dag.doc_md and dag.max_active_runs == 1 and not dag.catchup
print("kept")
"""
    done = subprocess.run(
        [sys.executable, "-c", look], env=airflow_environment(airflow_home), capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("kept"), done.stdout + done.stderr
