"""The night as an orchestrator's tasks: plain text in, ids and counts out, so that nothing personal travels between.

Each task opens its own context from the environment it is handed, can be retried, and does what the command of the
same name does.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import ParamSpec, TypeVar

from pipeline.contracts.settings import read_settings
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.log import libraries_withheld, step_log, without_cause
from pipeline.steps.context import Context, open_context
from pipeline.steps.nightly import STAGES, run_stage, take_in
from pipeline.steps.run import open_run
from pipeline.store.lock import sole_writer

STAGE_NAMES = tuple(STAGES)
Given = ParamSpec("Given")
Made = TypeVar("Made")


def _told_safely(task: Callable[Given, Made]) -> Callable[Given, Made]:
    """An orchestrator writes down every error with its message and all that led to it: it is handed one that may be.

    The class of an error of ours stays, since what is tried again depends on it.
    """

    @wraps(task)
    def told(*given: Given.args, **named: Given.kwargs) -> Made:
        try:
            with libraries_withheld():
                return task(*given, **named)
        except Exception as error:  # noqa: BLE001  # whatever it is, what it quotes must not travel on
            step_log().error("the task failed", exc_info=error)
            safe = without_cause(error)
        # Raised outside the handler, so that nothing hangs on it.
        raise safe

    return told


@_told_safely
def take_in_night(environment: Mapping[str, str], *, as_of: str | None) -> dict[str, int]:
    """Intake for the night; counts of deliveries."""
    with _at_work(environment) as context:
        took = take_in(context, as_of=_night(as_of), hold_back=False)
    return {"received": took.received, "accepted": took.accepted, "refused": took.refused}


@_told_safely
def freeze_night(environment: Mapping[str, str], *, as_of: str | None) -> str:
    """Freeze the run of the night; its key."""
    with _at_work(environment) as context:
        return open_run(context, as_of=_night(as_of), knowledge="then").run_key


@_told_safely
def run_night_stage(environment: Mapping[str, str], *, run_key: str, stage: str) -> dict[str, int]:
    """One stage of a frozen run; its counts."""
    with _at_work(environment) as context:
        return run_stage(context, stage, run=_run(context, run_key)).counts


@_told_safely
def finish_night(environment: Mapping[str, str], *, run_key: str) -> str:
    """The key of a run that has finished; raises PipelineError if it has not."""
    context = open_context(read_settings(environment))
    if _run(context, run_key).state != "finished":
        raise PipelineError(f"run {run_key} has not finished: clear its stages and run them again")
    return run_key


def _night(as_of: str | None) -> date:
    try:
        # A partition key may carry a time after the date.
        return date.fromisoformat((as_of or "")[:10])
    except ValueError:
        raise UserError(
            "This run has no as-of date",
            where="its partition key and its parameter as_of",
            next_step='trigger it with a partition key, or with {"as_of": "2026-11-22"}',
        ) from None


@contextmanager
def _at_work(environment: Mapping[str, str]) -> Iterator[Context]:
    """The context of the home, as its only writer."""
    settings = read_settings(environment)
    with sole_writer(settings.home):
        yield open_context(settings)


def _run(context: Context, run_key: str) -> Run:
    run = runs.get_run(context.ledger, run_key)
    if run is None:
        raise PipelineError(f"the ledger knows no run {run_key}")
    return run
