"""Run by a test in a process of its own: the DAGs around the night, each once with `dag.test()`, and what became of it.

Arguments: the home, where to write.
"""

import json
import os
import sys
from pathlib import Path

from run_night import ready, run

NIGHT = "2026-11-15"


def main(home: str, out: str) -> None:
    """Deliveries before and after the evening begins, what Airflow starts by that, and all that is around the night."""
    from small_plan import small_plan

    from pipeline.steps.model import evaluate, train

    # Another than the champion's, so that another model comes of it.
    train.load_plan = evaluate.load_plan = lambda *_: small_plan(folds=2)
    found: dict[str, object] = {"noon": tried("deliveries", home, f"{NIGHT}T12:00:00+00:00")}
    listen("nightly_early")
    found["evening"] = tried("deliveries", home, f"{NIGHT}T23:30:00+00:00")
    found["begun"] = begun("nightly_early")
    found["later"] = tried("deliveries", home, f"{NIGHT}T23:40:00+00:00")
    found["begun_later"] = begun("nightly_early")
    found["early"] = tried("nightly_early", home, f"{NIGHT}T23:40:00+00:00", as_of=NIGHT)
    found["missed"] = [missed(home, by=by) for by in ("backfill", "scheduled")]
    found["training"] = tried("training", home, "2026-12-02T08:00:00+00:00")
    found["feedback"] = tried("feedback", home, "2026-12-02T08:20:00+00:00")
    found["housekeeping"] = tried("housekeeping", home, "2026-12-02T12:00:00+00:00")
    Path(out).write_text(json.dumps(found))


def tried(dag_id: str, home: str, moment: str, **conf: str) -> dict[str, object]:
    """One run of the DAG, at this moment as its tasks see it."""
    os.environ["RISKSTRAT_NOW"] = moment
    return run(ready(dag_id), home, conf=conf)


def missed(home: str, *, by: str) -> list[str]:
    """Names of the alerts told by the callback of a deadline, as Airflow calls it, for a night that never began."""
    import riskstrat_wiring

    os.environ["RISKSTRAT_NOW"] = "2026-11-23T06:01:00+00:00"
    notices = Path(home) / "logs" / "notices.jsonl"
    before = notices.read_text().splitlines() if notices.is_file() else []
    run = {"dag_id": "nightly", "partition_key": "2026-11-22", "conf": {}, "run_type": by}
    riskstrat_wiring.tell_deadline(context={"dag_run": run, "deadline": {}})
    after = notices.read_text().splitlines() if notices.is_file() else []
    return sorted({alert["name"] for line in after[len(before) :] for alert in json.loads(line)["alerts"]})


def listen(dag_id: str) -> None:
    """Unpause the DAG: events of assets wait for none that is paused."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.get(DagModel, dag_id).is_paused = False


def begun(dag_id: str) -> list[str]:
    """Partition keys of the runs of this DAG, once Airflow's scheduler has looked at the events there are."""
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        job = Job()
        session.add(job)
        session.flush()
        SchedulerJobRunner(job=job)._create_dagruns_for_partitioned_asset_dags(session=session)
    with create_session() as session:
        of_dag = select(DagRun.partition_key).where(DagRun.dag_id == dag_id, DagRun.partition_key.is_not(None))
        return list(session.scalars(of_dag))


if __name__ == "__main__":
    main(*sys.argv[1:])
