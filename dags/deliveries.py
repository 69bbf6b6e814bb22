"""### deliveries: what senders landed, or sent by message, checked and linked as it comes

**What it does.** Every ten minutes, or when triggered: looks into the mailbox, receives what lies in `landing/`, checks
each group of deliveries (`validate`, one task a group), links rows to people and brings them into one shape. From
18:00 London time it marks each source as complete (asset `riskstrat_gp` and so on, the night's date as key), once
nothing of it is owed for the night any more; when all are marked, `nightly_early` runs. No night needs this: `nightly`
takes in what lies there itself, and runs at its time with what has come.

**When a task is red.** A delivery that is refused makes no task red: it is told to its sender and to the notifier.

| it says | do |
|---|---|
| the mailbox cannot be reached | the next run tries again; if it stays: docs/runbooks/mesh.md |
| the original bytes are gone | ask the sender for the delivery again: docs/runbooks/delivery-refused.md |
| a group failed, the others went on | read its log; the next run takes up what still has no verdict |
| nobody was checked for opt-outs | `riskstrat opt-outs request`: docs/runbooks/opt-out-check.md |

**By hand.** `riskstrat collect`, `riskstrat receive`, `riskstrat validate`, `riskstrat link`, `riskstrat events`.
"""

import os
from typing import Any

import pendulum
from airflow import sdk
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped
from riskstrat_wiring import DONE, LONDON, SOURCES, does, our_dag, tells, work

BY_NAME = {"task_id": "validate", "map_index_template": "{{ task.op_kwargs['given']['extracts'] }}"}


@sdk.task(trigger_rule=sdk.TriggerRule.NONE_FAILED)
def look(function: str, *, ti: Any = None) -> None:
    """Which sources are complete; marks of the others are skipped at once, as each would hold the pool for seconds."""
    from pipeline.steps.scheduled import tasks

    complete = getattr(tasks, function)(os.environ)
    ti.xcom_push(key="complete", value=complete)
    raise DownstreamTasksSkipped(tasks=[f"mark_{name}" for name in SOURCES if name not in complete["sources"]])


@sdk.task(trigger_rule=sdk.TriggerRule.NONE_FAILED)
def mark(source: str, complete: dict[str, Any], *, outlet_events: Any = None) -> None:
    """Emits the source's event for the night; a task that is skipped emits none."""
    if source not in complete["sources"]:
        raise AirflowSkipException("something of it is still owed, or it was marked before")
    outlet_events[SOURCES[source]].add_partitions(complete["as_of"])


with our_dag(
    "deliveries",
    doc=__doc__,
    description="Deliveries received, checked and linked as they come",
    schedule=sdk.CronTriggerTimetable("*/10 * * * *", timezone=LONDON),
    start_date=pendulum.datetime(2026, 11, 1, tz=LONDON),
):
    collected = does("collect", "collect_messages")
    waiting = does("receive", "receive_deliveries", how=DONE)
    checked = work.override(**BY_NAME).partial(function="validate_deliveries").expand(given=waiting)
    linked = does("link", "link_deliveries", how=DONE)
    looked = look("complete_sources")
    marks = [
        mark.override(task_id=f"mark_{name}", outlets=[SOURCES[name]])(name, looked["complete"]) for name in SOURCES
    ]
    told = tells()
    sdk.chain(collected, waiting, checked, linked, looked, marks, told)
    # A run in which something failed marks nothing, and has failed.
    [collected, checked] >> looked
