"""What the DAG files share: the one task body, the pool, what is tried again, and who hears of a task that fails."""

import os
from typing import Any

from airflow import sdk

LONDON = "Europe/London"
# The night a run is for: its partition key, or the parameter of a run by hand. Nothing, and the task says so.
AS_OF = "{{ partition_key or params.as_of or '' }}"
# What started the run: scheduled, manual, backfill or asset_triggered.
BY = "{{ dag_run.run_type.value }}"
# Done whatever became of what comes before.
DONE = {"trigger_rule": sdk.TriggerRule.ALL_DONE}
NIGHT = sdk.Param(None, type=["null", "string"], format="date", description="the night, for a run by hand")
# An event with a night's date as its key says that all that is expected of this source for that night is in.
NAMES = "gp", "acute", "emergency", "outpatient", "community", "mental_health", "social_care"
SOURCES = {name: sdk.Asset(f"riskstrat_{name}") for name in NAMES}

# What a person must put right is not tried again; faults of the outside world and faults inside are. First rule wins.
AGAIN = sdk.RetryRule("pipeline.errors.ChannelError", sdk.RetryAction.DEFAULT)
FINAL = sdk.RetryRule("pipeline.errors.UserError", sdk.RetryAction.FAIL, reason="a person must put this right")


def tell_failure(context: Any) -> None:
    """Says through the notifier of the home that a task has failed for good."""
    from pipeline.steps.scheduled.tasks import tell_failed_task

    as_of = context.get("partition_key") or context["params"].get("as_of")
    tell_failed_task(os.environ, dag_id=context["dag"].dag_id, task_id=context["task"].task_id, as_of=as_of)


def tell_deadline(context: Any) -> None:
    """Says through the notifier of the home that a night has published no register in time, if that is so."""
    from pipeline.steps.scheduled.tasks import tell_missed_deadline

    run = context["dag_run"]
    as_of = run.get("partition_key") or (run.get("conf") or {}).get("as_of")
    tell_missed_deadline(os.environ, as_of=as_of, by=run.get("run_type"))


@sdk.task(multiple_outputs=False)
def work(function: str, given: dict[str, Any]) -> Any:
    """One function of pipeline.steps.scheduled.tasks, with the environment and what it is given."""
    from pipeline.steps.scheduled import tasks

    made = getattr(tasks, function)(os.environ, **given)
    if made is None:
        from airflow.sdk.exceptions import AirflowSkipException

        raise AirflowSkipException("there is nothing to do here: the log says why")
    return made


def does(task_id: str, function: str, *, how: dict[str, Any] | None = None, **given: Any) -> Any:
    """A task of this name that does this function; `how` goes to Airflow, all else to the function."""
    return work.override(task_id=task_id, **(how or {}))(function, given)


def tells(**given: Any) -> Any:
    """The last task of a run: notices of what somebody should look at, whatever became of the run."""
    return does("notify", "tell_night", how=DONE, **given).as_teardown()


def our_dag(dag_id: str, *, doc: str | None, description: str, schedule: Any, **more: Any) -> sdk.DAG:
    """A DAG as all of ours are. One slot in the pool, since one task at a time may write (dags/pools.json)."""
    return sdk.DAG(
        dag_id, doc_md=doc, description=description, schedule=schedule, catchup=False, max_active_runs=1,
        tags=["riskstrat", dag_id.partition("_")[0]],
        default_args={
            "owner": "data-engineering", "pool": "riskstrat", "retries": 1, "on_failure_callback": tell_failure,
            "retry_policy": sdk.ExceptionRetryPolicy([AGAIN, FINAL]),
            # Of all that wait for the slot, a task of a night goes first.
            "priority_weight": 10 if dag_id.startswith("nightly") else 1,
        },
        **more,
    )  # fmt: skip
