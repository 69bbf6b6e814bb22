"""Run by a test in a process of its own: loads the nightly DAG, runs it with `dag.test()`, and writes what it saw.

Arguments: the home to run a night in, a home whose policy closes the gate, where to write. The first attempt at intake
meets a planted fault, so that a retry is seen to work; nothing else is replaced.
"""

import importlib
import json
import logging
import os
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path

DAGS = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
HEAVY = ("great_expectations", "lightgbm", "sklearn", "pandas", "deltalake", "duckdb", "pyarrow")


def main(home: str, closed: str, out: str) -> None:
    """Everything the tests ask about, as JSON."""
    found: dict[str, object] = {"top_level": top_level()}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(DAGS))
    found["warnings"] = [str(one.message) for one in heard if "nightly.py" in one.filename]
    found["import_errors"] = bag.import_errors
    dag = bag.dags["nightly"]
    found["order"] = [task.task_id for task in dag.topological_sort()]
    found["tasks"] = {task.task_id: {"owner": task.owner, "retries": task.retries} for task in dag.tasks}
    found["dag"] = {"tags": sorted(dag.tags), "active": dag.max_active_runs, "catchup": dag.catchup, "doc": dag.doc_md}
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
    # First the run without a date: a test run leaves its parameters behind in the DAG.
    found["dateless"] = run(dag, closed, conf={})
    found["closed"] = run(dag, closed, conf={"as_of": "2026-11-15"})
    stumble_once(home)
    found["night"] = run(dag, home, conf={"as_of": "2026-11-15"})
    found["second"] = run(dag, home, conf={"as_of": "2026-11-22"})
    Path(out).write_text(json.dumps(found))


def top_level() -> dict[str, object]:
    """What importing the DAG file brings in, and how long it takes."""
    sys.path.insert(0, str(DAGS))
    # Loaded first, so that only what the DAG file itself costs is measured.
    importlib.import_module("airflow.sdk")
    start = time.monotonic()
    importlib.import_module("nightly")
    seconds = time.monotonic() - start
    return {"seconds": seconds, "heavy": [name for name in HEAVY if name in sys.modules]}


def stumble_once(home: str) -> None:
    """The first intake meets a fault that has gone by the second, and that quotes somebody's row, as libraries do."""
    import pyarrow.parquet as pq

    from pipeline.steps import tasks

    somebody = pq.read_table(Path(home) / "landing" / "_truth" / "people.parquet").to_pylist()[0]
    real, calls = tasks.take_in, []

    def take_in(*arguments: object, **options: object) -> object:
        calls.append(options)
        if len(calls) == 1:
            logging.getLogger("deltalake").error("planted: %s", somebody)
            try:
                int(str(somebody))
            except ValueError as error:
                raise OSError(f"planted: the disk was busy at {somebody}") from error
        return real(*arguments, **options)

    tasks.take_in = take_in


def run(dag, home: str, *, conf: dict[str, str]) -> dict[str, object]:
    """One run in this home: its state, and each task's state and number of attempts."""
    os.environ["RISKSTRAT_HOME"] = home
    finished = dag.test(run_conf=conf)
    tasks = {one.task_id: [str(one.state), one.try_number] for one in finished.get_task_instances()}
    return {"run_id": finished.run_id, "state": str(finished.state), "tasks": tasks}


if __name__ == "__main__":
    main(*sys.argv[1:])
