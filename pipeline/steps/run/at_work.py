"""How an orchestrator's task enters a home: with a date that is one, in its turn, and with errors that may be told."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import ParamSpec, TypeVar

from pipeline.contracts.settings import read_settings
from pipeline.errors import UserError
from pipeline.log import libraries_withheld, step_log, without_cause
from pipeline.steps.at_hand.alone import WAIT_SECONDS, alone
from pipeline.steps.at_hand.context import Context, open_context

Given = ParamSpec("Given")
Made = TypeVar("Made")


def told_safely(task: Callable[Given, Made]) -> Callable[Given, Made]:
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


def night(as_of: str | None) -> date:
    """The as-of date an orchestrator hands on; raises UserError for none."""
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
def at_work(environment: Mapping[str, str]) -> Iterator[Context]:
    """The context of the home, as its only writer; waits until nobody else writes."""
    settings = read_settings(environment)
    with alone(settings, wait_seconds=WAIT_SECONDS):
        yield open_context(settings)
