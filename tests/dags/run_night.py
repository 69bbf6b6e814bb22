"""Run by a test in a process of its own: loads the DAGs, runs nights with `dag.test()`, and writes what it saw.

Arguments: the home to run nights in, a home whose policy closes the gate, where to write. The first attempt at intake
meets a planted fault, so that a retry is seen to work; and in the second night one practice's pack fails, until the
night is run again. Nothing else is replaced.
"""

import json
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path

from read_dags import load_dags

DAGS = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


def main(home: str, closed: str, out: str) -> None:
    """Everything the tests ask about, as JSON."""
    found: dict[str, object] = {}
    dag = ready("nightly")
    # First the run without a date: a test run leaves its parameters behind in the DAG.
    found["dateless"] = run(dag, closed, conf={})
    found["closed"] = run(dag, closed, conf={"as_of": "2026-11-15"})
    stumble_once(home)
    found["night"] = run(dag, home, conf={"as_of": "2026-11-15"})
    mend = break_one_pack()
    found["in_part"] = run(dag, home, conf={"as_of": "2026-11-22"})
    mend()
    found["second"] = run(dag, home, conf={"as_of": "2026-11-22"})
    Path(out).write_text(json.dumps(found))


def ready(dag_id: str):
    """A DAG for a test: no waiting, and no deadline, at which Airflow 3.3.2 stumbles at the end of `dag.test()`."""
    dag = load_dags(DAGS).dags[dag_id]
    dag.deadline = None
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
    return dag


def break_one_pack():
    """The first practice's pack cannot be made any more, until what is given back is called."""
    from pipeline.steps.publish import publish

    real = publish.practice_files

    def practice_files(context, night, *, code: str, **more: object):
        if code == min(night.listed):
            raise OSError("planted: the disk is full")
        return real(context, night, code=code, **more)

    publish.practice_files = practice_files
    return lambda: setattr(publish, "practice_files", real)


def stumble_once(home: str) -> None:
    """The first intake meets a fault that has gone by the second, and that quotes somebody's row, as libraries do."""
    import pyarrow.parquet as pq

    from pipeline.steps.scheduled import tasks

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
    """One run in this home: its state, and each task's state and number of attempts; of groups, each by its index."""
    os.environ["RISKSTRAT_HOME"] = home
    finished = dag.test(run_conf=conf)
    tasks: dict[str, object] = {}
    for one in finished.get_task_instances():
        name = one.task_id if one.map_index < 0 else f"{one.task_id}[{one.map_index}]"
        tasks[name] = [str(one.state), one.try_number]
    return {"run_id": finished.run_id, "state": str(finished.state), "tasks": tasks}


if __name__ == "__main__":
    main(*sys.argv[1:])
