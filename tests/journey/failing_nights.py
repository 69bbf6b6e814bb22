"""Run by a test in a process of its own: a DAG run in which every task in turn meets a library's error that quotes
planted people. Arguments: the home, how many people, where to write what came of each run."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from library_faults import FAULTS
from planted_people import Planted, planted_people

SITES = ("take_in", "open_run", "run_stage")


def main(home: str, count: str, out: str) -> None:
    os.environ["RISKSTRAT_HOME"] = home
    from airflow.dag_processing.dagbag import DagBag

    from pipeline.steps import tasks

    dag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags["nightly"]
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
        task.retries = 0
    people = planted_people(int(count))
    share = -(-len(people) // (len(SITES) * len(FAULTS)))
    seen = []
    for turn, (name, fault) in enumerate(FAULTS.items()):
        for place, site in enumerate(SITES):
            start = (turn * len(SITES) + place) * share
            real = getattr(tasks, site)
            setattr(tasks, site, failing(fault, people[start : start + share]))
            finished = dag.test(run_conf={"as_of": "2026-11-15"})
            setattr(tasks, site, real)
            states = {one.task_id: str(one.state) for one in finished.get_task_instances()}
            seen.append([name, site, str(finished.state), sorted(set(states.values()))])
    Path(out).write_text(json.dumps(seen))


def failing(fault: Callable[[str], None], people: list[Planted]) -> Callable[..., object]:
    """Stands for a step: libraries log, warn and at last raise, and each quotes everybody."""

    def fail(*arguments: object, **options: object) -> object:
        quoted = " | ".join(one.line(turn) for turn, one in enumerate(people))
        logging.getLogger("great_expectations").error("rejected %s", quoted)
        warnings.warn(f"could not read {quoted}", UserWarning, stacklevel=1)
        fault(quoted)
        raise AssertionError("the fault did not raise")

    return fail


if __name__ == "__main__":
    main(*sys.argv[1:])
