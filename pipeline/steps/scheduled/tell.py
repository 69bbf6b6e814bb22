"""Tasks that tell: at the end of every run what came of it, and at once what failed for good or is late.

They tell of homes at work and of homes that cannot be opened, so none waits for the home's lock but to write a page.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline import clock
from pipeline.contracts.settings import Settings, read_settings
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.log import say
from pipeline.rules.times import night_at
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.night.after_night import after_night
from pipeline.steps.run.at_work import at_work, night, told_safely
from pipeline.steps.tell.alerts import notify, notify_closed_home, task_failed

BACKFILL = "backfill"


@told_safely
def tell_night(environment: Mapping[str, str], *, as_of: str | None = None, by: str = "") -> dict[str, int]:
    """The page of a night that stopped, and notices of what somebody should look at; counts. A backfill is no news."""
    if by == BACKFILL:
        return {"open": 0, "sent": 0}
    settings = read_settings(environment)

    def told(context: Context, day: date) -> dict[str, int]:
        run = _last_run(context, day) if as_of else None
        if run is not None and run.state != "finished":
            with at_work(environment) as alone:
                after_night(alone, run=run)
        return notify(context, as_of=day, run=run)

    return _tell(settings, as_of, told)


@told_safely
def tell_failed_task(environment: Mapping[str, str], *, dag_id: str, task_id: str, as_of: str | None) -> dict[str, int]:
    """A notice that a task failed for good; counts."""
    event = task_failed(dag_id, task_id)
    return _tell(read_settings(environment), as_of, lambda context, day: notify(context, as_of=day, events=[event]))


@told_safely
def tell_missed_deadline(environment: Mapping[str, str], *, as_of: str | None, by: str | None) -> dict[str, int]:
    """A notice if the night has published nothing in time, as the ledger has it; counts. A backfill is never late."""
    if by == BACKFILL:
        return {"open": 0, "sent": 0}
    return _tell(read_settings(environment), as_of, lambda context, day: notify(context, as_of=day))


@told_safely
def tell_challenger(environment: Mapping[str, str], *, model_id: str, counts: Mapping[str, int]) -> str:
    """That a trained and judged model waits for a person's decision; its id."""
    say(f"model {model_id} waits for a person's decision; {counts['findings']} findings stand against it")
    say(f"to let it score: riskstrat promote {model_id} --who … --reason …")
    return model_id


def _tell(settings: Settings, as_of: str | None, told: Callable[[Context, date], dict[str, int]]) -> dict[str, int]:
    """Tell of the night, or of the present one; of a home that cannot be opened, that it cannot, and fail."""
    day = night(as_of) if as_of else night_at(settings.now or clock.now())
    try:
        context = open_context(settings)
    except Exception as error:
        notify_closed_home(settings, error, as_of=day)
        raise
    return told(context, day)


def _last_run(context: Context, day: date) -> Run | None:
    return next(reversed(runs.list_runs(context.ledger, as_of=day, kind="nightly")), None)
