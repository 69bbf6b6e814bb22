"""
### nightly: registers of high-risk people, published before practices open

**What it does.** For the as-of date (the partition key, the day before the run): takes in deliveries received before
02:00 London time, freezes the run, then features → score → segment → register → publish. Each task is the
`riskstrat` command of the same name and may be cleared and run again at any time: the result is the same.

**When a task is red.** Read the last line of its log: it says what happened, where, and what to do. Then
`riskstrat status` shows the sources and what waits.

| it says | do |
|---|---|
| no model is promoted | `riskstrat train --as-of DATE`, read the evaluation, `riskstrat promote` |
| the policy holds no valid basis | renew the entry in the policy file; nothing is published until then |
| the staged pack failed its last check | nothing was published for it; run the night again after new lists |
| a delivery was refused | not a failure: the last good data are used and the register says so; ask the sender |

**Run a night by hand.** Trigger with `{"as_of": "2026-11-22"}`, or from a shell `riskstrat nightly --as-of 2026-11-22`.
"""

import os
from datetime import timedelta

import pendulum
from airflow.sdk import DAG, CronPartitionTimetable, Param, chain, get_current_context, task


def as_of() -> str:
    """The as-of date of this run: its partition key, or the parameter of a run by hand."""
    context = get_current_context()
    key = context.get("partition_key") or context["params"].get("as_of")
    if not key:
        raise ValueError("this run has no as-of date: trigger it with a partition key or with the parameter as_of")
    return str(key)[:10]


@task
def intake() -> dict[str, int]:
    from pipeline.steps.tasks import take_in_night

    return take_in_night(os.environ, as_of=as_of())


@task
def freeze() -> str:
    from pipeline.steps.tasks import freeze_night

    return freeze_night(os.environ, as_of=as_of())


@task
def stage(run_key: str, name: str) -> dict[str, int]:
    from pipeline.steps.tasks import run_night_stage

    return run_night_stage(os.environ, run_key=run_key, stage=name)


@task
def finish(run_key: str) -> str:
    from pipeline.steps.tasks import finish_night

    return finish_night(os.environ, run_key=run_key)


with DAG(
    "nightly",
    description="Deliveries of the day in, ranked registers per practice out",
    schedule=CronPartitionTimetable("5 2 * * *", timezone="Europe/London", run_offset=-1, key_format="%Y-%m-%d"),
    start_date=pendulum.datetime(2026, 11, 1, tz="Europe/London"),
    catchup=False,
    max_active_runs=1,
    tags=["riskstrat", "nightly"],
    params={"as_of": Param(None, type=["null", "string"], format="date", description="as-of date of a run by hand")},
    default_args={"owner": "data-engineering", "retries": 1, "retry_delay": timedelta(minutes=2)},
    doc_md=__doc__,
):
    run_key = freeze()
    names = ("features", "score", "segment", "register", "publish")
    stages = [stage.override(task_id=name)(run_key, name) for name in names]
    chain(intake(), run_key, *stages, finish(run_key))
