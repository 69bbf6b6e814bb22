"""Run by a test in a process of its own: DAG runs in which a task meets one library's error after another, each quoting
planted people. Arguments: the home, how many people, where to write what came of each run."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from library_faults import FAULTS
from planted_people import Planted, planted_people

SITES = ("take_in", "open_run", "run_stage")
# Not tried again, so each can only be the last that a task meets.
FINAL = ("refused", "closed")


def main(home: str, count: str, out: str) -> None:
    """One run for each place of a night; every attempt of the task there meets the next fault."""
    os.environ["RISKSTRAT_HOME"] = home
    from airflow.dag_processing.dagbag import BundleDagBag

    from pipeline.steps.scheduled import tasks

    people, seen = planted_people(int(count)), []
    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    for turn, site in enumerate(SITES):
        names = [name for name in FAULTS if name not in FINAL] + [FINAL[turn % len(FINAL)]]
        dag = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder").dags["nightly"]
        # With one, Airflow 3.3.2 stumbles at the end of `dag.test()`.
        dag.deadline = None
        for task in dag.tasks:
            task.retry_delay = timedelta(0)
            task.retries = len(names)
        real, met = getattr(tasks, site), list[str]()
        stand_in(tasks, site=site, names=names, people=people, met=met)
        finished = dag.test(run_conf={"as_of": "2026-11-15"})
        setattr(tasks, site, real)
        seen.append({"site": site, "state": str(finished.state), "met": met})
    Path(out).write_text(json.dumps(seen))


def stand_in(tasks: Any, *, site: str, names: list[str], people: list[Planted], met: list[str]) -> None:
    """Put failing steps in the place of one, and harmless ones in the places before it."""
    share = -(-len(people) // len(names))
    parts = {name: people[place * share : (place + 1) * share] for place, name in enumerate(names)}

    def fail(*arguments: object, **options: object) -> object:
        name = names[len(met)]
        met.append(name)
        return failing(FAULTS[name], parts[name])()

    if site != "take_in":
        tasks.take_in = lambda *_, **__: SimpleNamespace(received=0, accepted=0, refused=0)
    if site == "run_stage":
        tasks.open_run = lambda *_, **__: SimpleNamespace(run_key="0123456789abcdef")
        tasks._run = lambda *_, **__: SimpleNamespace(run_key="0123456789abcdef", state="started")
    setattr(tasks, site, fail)


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
