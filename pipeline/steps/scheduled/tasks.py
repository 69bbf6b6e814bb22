"""What an orchestrator runs: each function a task; plain text in, ids and counts out, so that nothing personal travels.

Each task opens its own context from the environment it is handed, waits for its turn in the home, can be retried, and
does what the command of the same name does. None says that there was nothing to do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import PipelineError
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.log import say
from pipeline.rules.groups import groups
from pipeline.steps.at_hand.context import Context
from pipeline.steps.backfill.backfill import AIRFLOW, finish_backfill, open_backfill
from pipeline.steps.night.after_night import after_night
from pipeline.steps.night.nightly import STAGES, run_stage, take_in
from pipeline.steps.publish.publish import practices_due, publish
from pipeline.steps.run.at_work import at_work, night, told_safely
from pipeline.steps.run.run import check_has_come, open_run
from pipeline.steps.scheduled.around import (
    collect_messages,
    complete_sources,
    exchange_messages,
    judge_challenger,
    link_deliveries,
    make_backup,
    purge_home,
    read_answers,
    receive_deliveries,
    train_challenger,
    validate_deliveries,
    verify_audit,
)
from pipeline.steps.scheduled.tell import BACKFILL, tell_challenger, tell_failed_task, tell_missed_deadline, tell_night

__all__ = (
    "collect_messages", "complete_sources", "exchange_messages", "finish_night", "freeze_night", "judge_challenger",
    "link_deliveries", "make_backup", "packs_due", "publish_night", "publish_packs", "purge_home", "read_answers",
    "receive_deliveries", "run_night_stage", "take_in_night", "tell_challenger", "tell_failed_task",
    "tell_missed_deadline", "tell_night", "train_challenger", "validate_deliveries", "verify_audit",
)  # fmt: skip

STAGE_NAMES = tuple(STAGES)
# Packs are made in so many tasks at most, each of no fewer practices than that: each reads the whole night first.
PACK_GROUPS, PRACTICES_IN_GROUP = 8, 4
# What a run by hand is called by the orchestrator.
MANUAL = "manual"


@told_safely
def take_in_night(environment: Mapping[str, str], *, as_of: str | None, by: str = MANUAL) -> dict[str, int] | None:
    """Intake for the night; counts of deliveries. A backfill takes in nothing."""
    day = night(as_of)
    if by == BACKFILL:
        say("a backfill: no delivery is read")
        return {"received": 0, "accepted": 0, "refused": 0}
    with at_work(environment) as context:
        check_has_come(context, as_of=day)
        took = take_in(context, as_of=day, hold_back=False)
    return {"received": took.received, "accepted": took.accepted, "refused": took.refused}


@told_safely
def freeze_night(
    environment: Mapping[str, str], *, as_of: str | None, by: str = MANUAL, knowledge: str = "then", series: str = ""
) -> str:
    """The key of the night's run, frozen the first time; `by` is what started it: a backfill has runs of its own.

    A night that has finished is left as it is, unless a person starts it: then it is what `riskstrat nightly` makes of
    it, a replay where something has changed.
    """
    with at_work(environment) as context:
        day = night(as_of)
        if by == BACKFILL:
            return open_backfill(context, as_of=day, knowledge=knowledge, series=series or AIRFLOW).run_key
        finished = None if by == MANUAL else runs.first_finished(context.ledger, as_of=day)
        if finished is not None:
            say(f"the night of {day} has finished as run {finished.run_key}, and stays as it is")
            return finished.run_key
        return open_run(context, as_of=day, knowledge=knowledge).run_key


@told_safely
def run_night_stage(environment: Mapping[str, str], *, run_key: str, stage: str) -> dict[str, int]:
    """One stage of a frozen run; its counts."""
    with at_work(environment) as context:
        return run_stage(context, stage, run=_run(context, run_key)).counts


@told_safely
def packs_due(environment: Mapping[str, str], *, run_key: str) -> list[dict[str, Any]]:
    """Codes of the practices whose packs the run is to publish, in groups; none when it has finished."""
    with at_work(environment) as context:
        run = _run(context, run_key)
        due = [] if run.state == "finished" else practices_due(context, run=run)
    shared = groups(due, at_most=PACK_GROUPS, at_least=PRACTICES_IN_GROUP)
    return [{"run_key": run_key, "codes": codes} for codes in shared]


@told_safely
def publish_packs(environment: Mapping[str, str], *, run_key: str, codes: Sequence[str]) -> dict[str, int]:
    """The packs of these practices alone; counts. Raises ChannelError for those that failed, after the others."""
    with at_work(environment) as context:
        return publish(context, run=_run(context, run_key), codes=codes).counts


@told_safely
def publish_night(
    environment: Mapping[str, str], *, run_key: str | None, packs: Sequence[object] | None
) -> dict[str, int] | None:
    """What is left to publish, and the localities; None for a night that did not come to its packs."""
    if run_key is None or packs is None:
        say("the night did not come to its packs")
        return None
    return run_night_stage(environment, run_key=run_key, stage="publish")


@told_safely
def finish_night(
    environment: Mapping[str, str], *, run_key: str, by: str = MANUAL, series: str = "", send: str = "False"
) -> str:
    """The key of a run that has finished, its page and figures written; raises PipelineError if it has not.

    A night of a backfill is compared with what was published; it is sent to practices where `send` is True.
    """
    with at_work(environment) as context:
        run = _run(context, run_key)
        if run.state != "finished":
            raise PipelineError(f"run {run_key} has not finished: clear its stages and run them again")
        if by == BACKFILL:
            counts = finish_backfill(context, run, series=series or AIRFLOW, send=send == "True")
            say(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))
        after_night(context, run=run)
    return run_key


def _run(context: Context, run_key: str) -> Run:
    run = runs.get_run(context.ledger, run_key)
    if run is None:
        raise PipelineError(f"the ledger knows no run {run_key}")
    return run
