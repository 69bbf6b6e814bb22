"""Run by a test in a process of its own: loads every DAG as Airflow's components do, and writes what it saw.

Arguments: the folder of the DAG files, where to write. Every deprecation warning is an error.
"""

import importlib
import json
import sys
import time
import warnings
from pathlib import Path

HEAVY = ("great_expectations", "lightgbm", "sklearn", "pandas", "deltalake", "duckdb", "pyarrow", "pipeline.steps")


def main(folder: str, out: str) -> None:
    """Everything the rules ask about, as JSON."""
    dags = Path(folder)
    cost = top_level(dags)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        bag = load_dags(dags)
    found = {
        "top_level": cost,
        "warnings": [f"{one.filename}: {one.message}" for one in heard],
        "import_errors": bag.import_errors,
        "seconds": {one.file: one.duration.total_seconds() for one in bag.dagbag_stats},
        "dags": {name: told(dag) for name, dag in bag.dags.items()},
    }
    Path(out).write_text(json.dumps(found))


def load_dags(folder: Path):
    """The DAGs, as the components of Airflow load them: the folder of the files is where they import from."""
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")


def told(dag) -> dict[str, object]:
    """What the rules of DAGs ask about."""
    return {
        "order": [task.task_id for task in dag.topological_sort()],
        "tasks": {
            task.task_id: {
                "owner": task.owner,
                "retries": task.retries,
                "has_policy": task.retry_policy is not None,
                "pool": task.pool,
                "weight": task.priority_weight,
                "tells": bool(task.on_failure_callback),
                "is_teardown": task.is_teardown,
                "upstream": sorted(task.upstream_task_ids),
                "does": does(task),
            }
            for task in dag.tasks
        },
        "tags": sorted(dag.tags),
        "active": dag.max_active_runs,
        "catchup": dag.catchup,
        "doc": dag.doc_md,
        "description": dag.description,
        "deadline": bool(dag.deadline),
        "timetable": type(dag.timetable).__name__,
    }


def does(task) -> str:
    """The function of ours that the task does; nothing for one with a body of its own."""
    given = getattr(task, "partial_kwargs", {}).get("op_kwargs") or getattr(task, "op_kwargs", {})
    return given.get("function") or next(iter(getattr(task, "op_args", [])), "")


def top_level(folder: Path) -> dict[str, object]:
    """What importing the DAG files brings in, and how long it takes."""
    sys.path.insert(0, str(folder))
    # Loaded first, so that only what the DAG files themselves cost is measured.
    importlib.import_module("airflow.sdk")
    start = time.process_time()
    for path in sorted(folder.glob("*.py")):
        importlib.import_module(path.stem)
    seconds = time.process_time() - start
    return {"seconds": seconds, "heavy": [name for name in HEAVY if name in sys.modules]}


if __name__ == "__main__":
    main(*sys.argv[1:])
