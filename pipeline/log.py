"""Log lines as JSON on stderr and progress lines on stdout; counts and ids only, never a person's value.

A log line keeps the keys listed here and drops every other one, saying which. Numbers with the check digit of
an NHS number are withheld wherever they stand. Of errors not ours only type and place are kept, since a
library's message may quote the row it failed on. Progress of a night is the ledger's, not the log's.
"""

import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from pipeline import clock
from pipeline.errors import PipelineError
from pipeline.rules import nhs_number

Line = MutableMapping[str, Any]

ALLOWED = frozenset(
    {"at", "level", "event", "exception", "dropped"}
    | {"step", "scope", "state", "run_key", "kind", "as_of", "knowledge", "delivery", "delivery_id"}
    | {"extract", "sender", "practice_code", "code", "plane", "edition_id", "revision", "model", "model_id"}
    | {"key_id", "reason_code", "rule", "where", "next_step", "counts", "digest", "seconds", "exit_code"}
    | {"people", "editions", "rows", "quarantined", "refused", "kept", "duplicate", "superseded"}
)
ALLOWED_BEGINNINGS = ("rows_", "people_", "editions_")


def step_log(**bound: object) -> FilteringBoundLogger:
    """A logger that writes one JSON line to stderr for each call, with these keys on every line."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(file=sys.stderr),
        processors=[
            structlog.stdlib.add_log_level,
            _stamp,
            _tell_exception,
            _keep_allowed,
            _scrub_line,
            structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False, default=_plain),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
        cache_logger_on_first_use=False,
    )
    return logger.bind(**bound)


def say(text: str) -> None:
    """One line of progress for the person at the screen."""
    print(nhs_number.mask(text), file=sys.stdout, flush=True)


def scrub(value: object) -> object:
    """The value with NHS numbers withheld, in text, numbers, names of keys, and whatever is nested."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        is_whole = isinstance(value, int) or value.is_integer()
        return nhs_number.MASKED if is_whole and nhs_number.mask(str(int(value))) != str(int(value)) else value
    if isinstance(value, Mapping):
        return {str(scrub(key)): scrub(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(item) for item in value]
    return nhs_number.mask(value if isinstance(value, str) else _plain(value))


def _plain(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _stamp(logger: Any, method: str, line: Line) -> Line:
    return {**line, "at": clock.now().isoformat()}


def _keep_allowed(logger: Any, method: str, line: Line) -> Line:
    kept = {key: value for key, value in line.items() if key in ALLOWED or key.startswith(ALLOWED_BEGINNINGS)}
    dropped = sorted(set(line) - set(kept))
    return {**kept, "dropped": dropped} if dropped else kept


def _scrub_line(logger: Any, method: str, line: Line) -> Line:
    return {str(key): scrub(value) for key, value in line.items()}


def _tell_exception(logger: Any, method: str, line: Line) -> Line:
    told = line.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()[1]
    elif isinstance(told, tuple):
        told = told[1]
    return {**line, "exception": _chain(told)} if isinstance(told, BaseException) else line


def _chain(error: BaseException | None) -> list[dict[str, Any]]:
    """The error and what caused it, outermost first: type, our message, and places in the code; no locals."""
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < 10:
        message = str(error) if isinstance(error, PipelineError) else "(withheld: not an error of ours)"
        chain.append({"type": type(error).__name__, "message": message, "places": _places(error.__traceback__)})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _places(trace: TracebackType | None) -> list[str]:
    return [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace, limit=-20)
    ]
