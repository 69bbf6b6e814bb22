"""Keeps why a night stopped: the ledger says so afterwards, whoever started it and whatever became of its output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from pipeline.errors import PacksBlocked, PipelineError, UserError
from pipeline.ledger.stops import Stop, list_stops, record_stop
from pipeline.log import step_log, withheld
from pipeline.steps.at_hand.context import Context

# Not a step of the night: what failed is telling of it.
REPORT = "report"
Given = ParamSpec("Given")
Made = TypeVar("Made")
Step = Callable[Concatenate[Context, Given], Made]


@contextmanager
def stop_kept(context: Context, *, as_of: date, step: str, run_key: str | None = None) -> Iterator[None]:
    """What is raised within the block is entered in the ledger; it goes on as it was."""
    try:
        yield
    except Exception as error:
        _keep(context, error, as_of=as_of, step=step, run_key=run_key)
        raise


def stop_is_kept(step: str) -> Callable[[Step[Given, Made]], Step[Given, Made]]:
    """The same for a whole function that is handed the context and, by name, `as_of`."""

    def wrap(function: Step[Given, Made]) -> Step[Given, Made]:
        @wraps(function)
        def kept(context: Context, /, *given: Given.args, **named: Given.kwargs) -> Made:
            night = named["as_of"]
            assert isinstance(night, date)
            with stop_kept(context, as_of=night, step=step):
                return function(context, *given, **named)

        return kept

    return wrap


def stops_of_nights(context: Context, *, as_of: date | None = None) -> list[Stop]:
    """Stops of one night, or of all, in order; that a report could not be written stopped no night."""
    return [one for one in list_stops(context.ledger, as_of=as_of) if one.step != REPORT]


def reports_not_written(context: Context) -> set[str]:
    """Keys of runs whose report could not be written at least once; whether it lies there now is the disk's to say."""
    return {str(one.run_key) for one in list_stops(context.ledger) if one.step == REPORT}


def _keep(context: Context, error: Exception, *, as_of: date, step: str, run_key: str | None) -> None:
    ours = error if isinstance(error, PipelineError) else None
    told = error if isinstance(error, UserError) else None
    stop = Stop(
        as_of=as_of,
        step=step,
        run_key=run_key,
        error=type(error).__name__,
        exit_code=(ours or PipelineError).exit_code,
        # A library's message may quote a row.
        what="a fault inside" if ours is None else withheld(told.what if told else str(ours)),
        place=withheld(told.where) if told else "",
        next_step=withheld(told.next_step) if told else "",
        subjects=error.codes if isinstance(error, PacksBlocked) else (),
        at=context.now(),
    )
    if not record_stop(context.ledger, stop=stop):
        # The ledger may be what stopped the night: the first error is told.
        step_log(step=step).error("a stop could not be kept")
