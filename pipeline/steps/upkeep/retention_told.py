"""What tells of nights and is past its time: pages and figures of runs, comparisons of backfills, lineage, notices.

Counts, codes and ids; no person stands in any of it, and no step reads it back. Of a run whose editions are in use, or
that a night in the replay window is watched against, page and figures stay however old they are.
"""

from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.channels.notify import lines_before
from pipeline.contracts.notify_plan import load_notify_plan
from pipeline.contracts.retention import Days, Retention
from pipeline.errors import ContractError
from pipeline.ledger import backfills, runs
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout


class Told(NamedTuple):
    """One thing: its zone, why it may go, what kind of thing it is, where, and the day its time is counted from."""

    zone: str
    reason: str
    kind: Literal["path", "lines"]
    path: Path
    day: date
    size: int
    # Of lines: the first day that stays.
    name: str = ""


def told_past(context: Context, retention: Retention, *, day: date, needed: Collection[str]) -> Iterator[Told]:
    """Everything of these that may go on this day; `needed` are keys of runs of which everything stays."""
    home = context.settings.home
    for run in runs.list_runs(context.ledger):
        # A replay of an old night is told of since it was made.
        counted = run.started_at.date() if run.kind == "replay" else run.as_of
        if run.run_key not in needed and is_past(retention.run_reports, counted, day):
            for path in (layout.run_page(home, run.as_of, run.run_key), layout.run_report(home, run.run_key)):
                yield from _path("run_reports", path, counted)
    yield from _backfills(context, retention, day=day)
    folder = layout.lineage(home)
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]-[01][0-9].jsonl")) if folder.is_dir() else ():
        year, month = (int(part) for part in path.stem.split("-"))
        last = date(year, month, monthrange(year, month)[1])
        if is_past(retention.lineage, last, day):
            yield from _path("lineage", path, last)
    yield from _notices(context, retention, day=day)


def _backfills(context: Context, retention: Retention, *, day: date) -> Iterator[Told]:
    """Comparisons, counted from the night that was made last: those of one not at its end are written anew by it."""
    for one in backfills.list_backfills(context.ledger):
        nights = backfills.nights(context.ledger, series=one.series)
        last = max([one.started_at, *(night.finished_at or night.started_at for night in nights)]).date()
        if is_past(retention.reports, last, day):
            yield from _path("reports", layout.backfill_report(context.settings.home, one.series), last)


def _notices(context: Context, retention: Retention, *, day: date) -> Iterator[Told]:
    """Lines of the home's own file; one that lies elsewhere is for whoever put it there."""
    try:
        plan = load_notify_plan(context.settings.notify_file, project=context.settings.project)
    except ContractError:
        return  # told with the alerts
    if plan.file is None or plan.file.path.is_absolute() or retention.notices == "never":
        return
    path = context.settings.home / plan.file.path
    first = day - timedelta(days=retention.notices)
    old = lines_before(path, first)
    if old.lines:
        yield Told("notices", "past their days", "lines", path, old.oldest, old.size, first.isoformat())


def _path(zone: str, path: Path, counted: date) -> Iterator[Told]:
    if path.exists():
        yield Told(zone, "past its days", "path", path, counted, size_of(path))


def is_past(days: Days, counted: date, day: date) -> bool:
    """Whether what is kept so many days, counted from one day, may go on another."""
    return days != "never" and counted + timedelta(days=days) < day


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; 0 of what is not there."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else 0
