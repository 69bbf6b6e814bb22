"""What is past its time in each zone of a home, and what it weighs. Looks only; purge.py deletes.

Every item names a folder, a file or a slice of a table, the day its time is counted from, and why it may go. The rules
of each zone are in policy/retention.yml; what is needed, in retention_needs.py.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pipeline.channels.folder import STAGING
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.retention import Days, Retention, load_retention
from pipeline.ledger import models, registers, runs
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.holdout import TABLE as HOLDOUT
from pipeline.steps.receive.originals import is_expired
from pipeline.steps.run.run import MODEL
from pipeline.steps.upkeep.backup import digest_of_file
from pipeline.steps.upkeep.retention_feedback import COLUMN, held
from pipeline.steps.upkeep.retention_needs import TELL_DISSENT, Needs, needs
from pipeline.steps.upkeep.retention_told import is_past, size_of, told_past
from pipeline.store import layout, tables

RUN_TABLES = ("cohort", "death", "in_hospital", "fact", "feature", "score", "segment", "register")
# Of a night's tables, those that tell later whether its scores came true.
SCORES = ("cohort", "score")
DELIVERY_TABLES = ("registration", "event", "number_change")


@dataclass(frozen=True)
class Item:
    """One thing past its time: a path, or a slice of the table there."""

    zone: str
    reason: str
    kind: Literal["path", "slice", "superseded", "original", "edition", "answers", "returned", "lines"]
    path: Path
    day: date
    size: int
    name: str = ""
    column: str = ""


@dataclass(frozen=True)
class _Look:
    """What every zone is looked at with."""

    context: Context
    retention: Retention
    needs: Needs
    day: date
    deliveries: tuple[Delivery, ...]

    @property
    def home(self) -> Path:
        return self.context.settings.home

    def is_past(self, days: Days, counted_from: date) -> bool:
        return is_past(days, counted_from, self.day)


def past_their_time(context: Context) -> list[Item]:
    """Everything that may go today, by zone; writes nothing."""
    day = context.now().date()
    retention = load_retention(context.settings.project, context.settings.home)
    look = _Look(
        context=context,
        retention=retention,
        needs=needs(context, day=day, window_days=retention.replay_window_days),
        day=day,
        deliveries=tuple(list_deliveries(context.ledger)),
    )
    zones = (
        _landing,
        _originals,
        _delivery_slices,
        _run_slices,
        _holdouts,
        _editions,
        _differences,
        _reports,
        _returned,
        _told,
        _litter,
    )
    return [item for zone in zones for item in zone(look)]


def ageing_history(context: Context) -> list[str]:
    """Deliveries in use whose newest row is older than history is kept: a person decides, with riskstrat refuse."""
    days = load_retention(context.settings.project, context.settings.home).history
    if days == "never":
        return []
    last = context.now().date() - timedelta(days=days)
    accepted = list_deliveries(context.ledger, states=["accepted"])
    return [one.delivery_id for one in accepted if (one.latest_event_date or one.period_end) < last]


def _landing(look: _Look) -> Iterator[Item]:
    """Files whose very bytes were taken in and judged, with what speaks of them; all else is the sender's.

    What announces a file goes before it: a file alone is found again, a receipt alone would be missed at every intake.
    """
    folder = layout.landing(look.home)
    gone = {path: day for path, day in _taken_in(look, folder)}
    for manifest in sorted(folder.glob("*/*manifest.json")) if folder.is_dir() else ():
        together = [manifest.with_name(name) for name in _announced(manifest)]
        there = [path for path in together if path.exists()]
        if there and all(path in gone for path in there):
            day = max(gone[path] for path in there)
            yield Item("landing", "taken in", "path", manifest, day, manifest.stat().st_size)
        else:
            gone = {path: day for path, day in gone.items() if path not in together}
    for path, day in gone.items():
        stem = path.name.split(".")[0]
        beside = [path.with_name(f"{name}{end}") for name in (path.name, stem) for end in (".receipt.json", ".sha256")]
        for one in (*(other for other in beside if other.is_file()), path):
            yield Item("landing", "taken in", "path", one, day, one.stat().st_size)


def _taken_in(look: _Look, folder: Path) -> Iterator[tuple[Path, date]]:
    """Landed files of judged deliveries past their time, by name and by their very bytes; and the day of receipt."""
    judged: dict[tuple[str, str], dict[str, date]] = {}
    for one in look.deliveries:
        if one.state not in ("received", "held"):
            judged.setdefault((one.sender, one.file_name), {})[one.sha256] = one.received_at.date()
    for path in sorted(folder.glob("*/*")) if folder.is_dir() else ():
        known = judged.get((path.parent.name, path.name), {})
        if path.is_symlink() or not path.is_file():
            continue
        if any(look.is_past(look.retention.landing, day) for day in known.values()):
            found = known.get(digest_of_file(path))
            if found is not None and look.is_past(look.retention.landing, found):
                yield path, found


def _announced(manifest: Path) -> list[str]:
    """Names of the files a manifest speaks of; of one that cannot be read, none."""
    try:
        return [str(one["file"]) for one in json.loads(manifest.read_bytes())["files"]]
    except (ValueError, KeyError, TypeError):
        return []


def _originals(look: _Look) -> Iterator[Item]:
    for one in look.deliveries:
        if is_expired(one, day=look.day) and one.original_expires_on is not None:
            path = layout.original(look.home, one.delivery_id)
            size = path.stat().st_size if path.is_file() else 0
            yield Item("originals", "past its contract's last day", "original", path, one.original_expires_on, size)


def _delivery_slices(look: _Look) -> Iterator[Item]:
    """Rows of deliveries that no night may use any more, and rows set apart or unlinked."""
    by_id = {one.delivery_id: one for one in look.deliveries}
    keep = look.retention
    for extract in load_extracts(look.context.settings.project):
        if extract not in TELL_DISSENT:
            clean = layout.clean(look.home, extract)
            yield from _slices(look, by_id, "refused_rows", clean, keep.refused_rows, spared=look.needs.deliveries)
            quarantine = layout.quarantine(look.home, extract)
            yield from _slices(look, by_id, "quarantine", quarantine, keep.quarantine)
        for path in (layout.linked(look.home, extract), layout.waiting(look.home, extract)):
            yield from _slices(look, by_id, "refused_rows", path, keep.refused_rows, spared=look.needs.deliveries)
        yield from _slices(look, by_id, "unlinked", layout.unlinked(look.home, extract), keep.unlinked)
    for name in DELIVERY_TABLES:
        path = layout.table(look.home, name)
        yield from _slices(look, by_id, "refused_rows", path, keep.refused_rows, spared=look.needs.deliveries)


def _slices(
    look: _Look,
    by_id: dict[str, Delivery],
    zone: str,
    path: Path,
    days: Days,
    *,
    spared: frozenset[str] = frozenset(),
) -> Iterator[Item]:
    for name, size in sorted(tables.slice_sizes(path, column="delivery_id").items()):
        one = by_id.get(name)
        if one is not None and name not in spared and look.is_past(days, one.received_at.date()):
            reason = "no night may use it" if zone == "refused_rows" else "past its days"
            yield Item(zone, reason, "slice", path, one.received_at.date(), size, name, "delivery_id")


def _run_slices(look: _Look) -> Iterator[Item]:
    as_of = {run.run_key: run.as_of for run in runs.list_runs(look.context.ledger)}
    published = {one.run_key for one in registers.list_editions(look.context.ledger) if one.kind == "current"}
    for table in RUN_TABLES:
        path, is_score = layout.table(look.home, table), table in SCORES
        spared = look.needs.runs | look.needs.watched if is_score else look.needs.runs
        for name, size in sorted(tables.slice_sizes(path, column="run_key").items()):
            day = as_of.get(name)
            if day is None or name in spared or not look.is_past(look.retention.runs, day):
                continue
            kept = look.retention.scores
            if not is_score or name not in published or kept is None:
                yield Item("runs", "outside the replay window", "slice", path, day, size, name, "run_key")
            elif look.is_past(kept, day):
                yield Item("scores", "known whether they came true", "slice", path, day, size, name, "run_key")


def _holdouts(look: _Look) -> Iterator[Item]:
    """Whom a model was judged on; of the one that scores, and the one a rollback would put back, nothing."""
    ledger = look.context.ledger
    spared = {one.model_id for one in models.promotions(ledger, name=MODEL)[-2:]}
    path = layout.table(look.home, HOLDOUT)
    recorded = {one.model_id: one.recorded_at.date() for one in models.list_models(ledger, name=MODEL)}
    for name, size in sorted(tables.slice_sizes(path, column="model_id").items()):
        day = recorded.get(name)
        if day is not None and name not in spared and look.is_past(look.retention.holdouts, day):
            yield Item("holdouts", "not the model that scores", "slice", path, day, size, name, "model_id")


def _editions(look: _Look) -> Iterator[Item]:
    """Packs and who was on them; of an edition in use, or one that a night in the window compares with, nothing."""
    held = registers.editions_with_entries(look.context.ledger)
    for one in registers.list_editions(look.context.ledger):
        path = look.home / one.path
        if one.edition_id in look.needs.editions or (not path.is_dir() and one.edition_id not in held):
            continue
        is_replay = one.kind == "replay"
        day = one.published_at.date() if is_replay else one.as_of
        zone, days = ("replays", look.retention.replays) if is_replay else ("registers", look.retention.registers)
        if look.is_past(days, day):
            yield Item(zone, "not in use", "edition", path, day, size_of(path), one.edition_id)


def _differences(look: _Look) -> Iterator[Item]:
    """Which ranks of a backfilled night differ: for as long as the packs beside."""
    finished = {run.run_key: run.finished_at for run in runs.list_runs(look.context.ledger)}
    for path in sorted((look.home / "registers" / "replays").glob("*/differences.csv")):
        at = finished.get(path.parent.name)
        if at is not None and look.is_past(look.retention.replays, at.date()):
            yield Item("replays", "past its days", "path", path, at.date(), path.stat().st_size)


def _reports(look: _Look) -> Iterator[Item]:
    for one in look.deliveries:
        path, day = layout.delivery_report(look.home, one.delivery_id), one.received_at.date()
        if path.is_dir() and look.is_past(look.retention.reports, day):
            yield Item("reports", "past its days", "path", path, day, size_of(path))


def _returned(look: _Look) -> Iterator[Item]:
    """What practices sent back; sealed files and litter come past their time already."""
    days = {"feedback": look.retention.feedback, "reports": look.retention.reports}
    for zone, kind, path, day, name in held(look.context, day=look.day):
        if zone not in days or look.is_past(days[zone], day):
            size = size_of(path) if kind in ("path", "returned") else 0
            reason = "of a reading that was killed" if zone == "litter" else "past its days"
            yield Item(zone, reason, kind, path, day, size, name, COLUMN if kind == "slice" else "")


def _told(look: _Look) -> Iterator[Item]:
    """What tells of nights: pages and figures of runs, comparisons of backfills, lineage, notices."""
    found = told_past(look.context, look.retention, day=look.day, needed=look.needs.runs | look.needs.watched)
    yield from (Item(*one) for one in found)


def _litter(look: _Look) -> Iterator[Item]:
    """What killed commands left: staging folders, and data files that no table refers to any more."""
    staging = layout.staging(look.home, "any").parent
    left = sorted(staging.iterdir()) if staging.is_dir() else []
    left += sorted(layout.original(look.home, "any").parent.glob(".*.part"))
    for root in (look.home / "registers", look.home / "localities"):
        left += sorted(path for path in root.rglob(f"{STAGING}*") if path.is_dir()) if root.is_dir() else []
    for path in left:
        yield Item("litter", "left by a killed command", "path", path, look.day, size_of(path))
    for log in sorted([*look.home.glob("identified/**/_delta_log"), *look.home.glob("pseudonymised/**/_delta_log")]):
        files = tables.superseded(log.parent)
        if files:
            size = sum(file.stat().st_size for file in files)
            yield Item("litter", "rows written anew since", "superseded", log.parent, look.day, size)
