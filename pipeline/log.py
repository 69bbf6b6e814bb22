"""Log lines as JSON on stderr and progress lines on stdout; counts and ids only, never a person's value.

A log line keeps the keys listed here and drops every other one, saying which. Numbers with the check digit of
an NHS number are withheld wherever they stand, in text also those that only look like one, and postcodes. Of errors
not ours only type and place are kept, since a library's message may quote the row it failed on; the same holds for
what libraries log, warn of or raise where nobody catches it. Progress of a night is the ledger's, not the log's.
"""

import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger

from pipeline import clock
from pipeline.errors import PipelineError
from pipeline.rules import nhs_number

Line = MutableMapping[str, Any]
POSTCODE_MASKED = "[postcode withheld]"
# Outward and inward part, as people write them; longer words of letters and digits are codes of ours.
_POSTCODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}(?![A-Za-z0-9])")

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


def is_for_machines() -> bool:
    """Whether stderr goes to something that keeps lines, not to the screen of somebody who sees the progress."""
    return not sys.stderr.isatty()


def say(text: str) -> None:
    """One line of progress for the person at the screen."""
    print(withheld(text), file=sys.stdout, flush=True)


def withheld(text: str) -> str:
    """The text without numbers written like NHS numbers and without postcodes."""
    return _POSTCODE.sub(POSTCODE_MASKED, nhs_number.mask_alike(text))


def withhold_crashes() -> None:
    """From now on, until the process ends: what nobody catches, and what libraries warn of, is told without a message.

    For the shell's own process. Python would print the message, and with it what the library quotes.
    """
    sys.excepthook = lambda kind, error, trace: _tell_crash(error)
    sys.unraisablehook = lambda told: _tell_crash(told.exc_value)
    threading.excepthook = lambda told: _tell_crash(told.exc_value)
    warnings.showwarning = _tell_warning
    logging.disable(logging.CRITICAL)


@contextmanager
def libraries_withheld() -> Iterator[None]:
    """Within the block no library logs or warns: an orchestrator writes down what they say, and keeps it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _tell_warning
            yield
    finally:
        logging.disable(before)


def without_cause(error: BaseException) -> PipelineError:
    """The error as it may be told by whoever prints whole tracebacks: ours without what led to it, or one of ours that
    names only the type of a library's."""
    if isinstance(error, PipelineError):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    return PipelineError(f"a fault inside ({type(error).__name__}); its places are in the log above")


def _tell_crash(error: BaseException | None) -> None:
    step_log().error("a fault inside", exc_info=error)


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    step_log().warning("a library warns", where=f"{category.__name__}, {Path(filename).name}:{lineno}")


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
    return withheld(value if isinstance(value, str) else _plain(value))


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
