"""### nightly: registers of high-risk people, published before practices open

**What it does.** Takes in what arrived before 02:00 London time, freezes the run under its key, then features → score →
segment → register → watch → publish. A stage is the `riskstrat` command of its name; run again, it gives the same.

**When a task is red.** Its log says what happened, where, and what to do; `riskstrat status` shows what waits. What a
person must put right is not tried again by itself: mend it, then clear the task.

| it says | do |
|---|---|
| no model is promoted | `riskstrat train --as-of DATE`, read the evaluation, `riskstrat promote` |
| the policy holds no valid basis | renew the entry in the policy file; nothing is published until then |
| the scores of this night do not fit | `riskstrat watch`; a person decides: docs/runbooks/scores-do-not-fit.md |
| the staged pack failed its last check | nothing was published for it; run the night again after new lists |
| a delivery was refused | not a failure: the last good data are used, the register says so; ask the sender |

**Run a night by hand.** Trigger with `{"as_of": "2026-11-22"}`, or from a shell `riskstrat nightly --as-of 2026-11-22`.
"""

import os
from datetime import timedelta

import pendulum
from airflow import sdk

# What a person must put right is not tried again; faults of the outside world and faults inside are. First rule wins.
AGAIN = sdk.RetryRule("pipeline.errors.ChannelError", sdk.RetryAction.DEFAULT)
FINAL = sdk.RetryRule("pipeline.errors.UserError", sdk.RetryAction.FAIL, reason="a person must put this right")
RETRY = {"retries": 1, "retry_delay": timedelta(minutes=2), "retry_policy": sdk.ExceptionRetryPolicy([AGAIN, FINAL])}
STAGES = "features", "score", "segment", "register", "watch", "publish"


def as_of() -> str | None:
    """Partition key of this run, or the parameter of a run by hand."""
    context = sdk.get_current_context()
    return context.get("partition_key") or context["params"]["as_of"]


@sdk.task
def intake() -> dict[str, int]:
    from pipeline.steps.tasks import take_in_night

    return take_in_night(os.environ, as_of=as_of())


@sdk.task
def freeze() -> str:
    from pipeline.steps.tasks import freeze_night

    return freeze_night(os.environ, as_of=as_of())


@sdk.task
def stage(run_key: str, name: str) -> dict[str, int]:
    from pipeline.steps.tasks import run_night_stage

    return run_night_stage(os.environ, run_key=run_key, stage=name)


@sdk.task
def finish(run_key: str) -> str:
    from pipeline.steps.tasks import finish_night

    return finish_night(os.environ, run_key=run_key)


with sdk.DAG(
    "nightly",
    description="Deliveries of the day in, ranked registers per practice out",
    schedule=sdk.CronPartitionTimetable("5 2 * * *", timezone="Europe/London", run_offset=-1, key_format="%Y-%m-%d"),
    start_date=pendulum.datetime(2026, 11, 1, tz="Europe/London"),
    catchup=False,
    max_active_runs=1,
    tags=["riskstrat", "nightly"],
    params={"as_of": sdk.Param(None, type=["null", "string"], format="date", description="for a run by hand")},
    default_args={"owner": "data-engineering", **RETRY},
    doc_md=__doc__,
):
    run_key = freeze()
    sdk.chain(intake(), run_key, *(stage.override(task_id=name)(run_key, name) for name in STAGES), finish(run_key))
