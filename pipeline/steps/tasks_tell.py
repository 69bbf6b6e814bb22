"""Tasks that tell: at the end of every run what came of it, and at once what failed for good or is late."""

from collections.abc import Mapping

from pipeline.contracts.settings import read_settings
from pipeline.log import say
from pipeline.rules.times import night_at
from pipeline.steps.at_work import at_work, night, told_safely
from pipeline.steps.context import Context, open_context
from pipeline.steps.status import WELL, status


@told_safely
def tell_night(environment: Mapping[str, str], *, as_of: str | None = None, by: str = "") -> dict[str, int]:
    """What an operator should look at after a run; how much there is. A backfill is no news."""
    if by == "backfill":
        return {"findings": 0}
    with at_work(environment) as context:
        findings = [one for one in status(context).findings if one.level > WELL]
    for one in findings:
        say(f"{one.says}. {one.next_step}.")
    return {"findings": len(findings)}


@told_safely
def tell_failed_task(environment: Mapping[str, str], *, dag_id: str, task_id: str, as_of: str | None) -> None:
    """A task failed for good."""
    context = open_context(read_settings(environment))
    say(f"{dag_id}.{task_id} failed for good, night of {_night(context, as_of)}")


@told_safely
def tell_missed_deadline(environment: Mapping[str, str], *, as_of: str | None, by: str | None) -> None:
    """A night may have published nothing in time."""
    context = open_context(read_settings(environment))
    say(f"the night of {_night(context, as_of)} has not ended in time")


@told_safely
def tell_challenger(environment: Mapping[str, str], *, model_id: str, counts: Mapping[str, int]) -> str:
    """That a trained and judged model waits for a person's decision; its id."""
    say(f"model {model_id} waits for a decision, {counts.get('findings', 0)} findings stand against it:")
    say(f"riskstrat promote {model_id} --who … --reason …")
    return model_id


def _night(context: Context, as_of: str | None) -> object:
    return night(as_of) if as_of else night_at(context.now())
