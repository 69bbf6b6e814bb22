"""What the doctor sees of the home itself: the clock against its records, acts left half-way, who may read it, room on
the disk, and the files of the model that scores."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.contracts.alerts import Bounds
from pipeline.contracts.settings import Settings
from pipeline.ledger import audit, models, runs
from pipeline.ledger.connect import Ledger
from pipeline.steps.at_hand.context import RESTORING, ROTATING
from pipeline.steps.run.run import MODEL
from pipeline.steps.tell.doctor_line import Line, fail, ok, warn
from pipeline.store import layout

# A clock that is put right by so much between two commands is no fault.
LEEWAY = timedelta(minutes=5)
# Nights there should be room for; the share of the disk that should be free is declared with the alerts.
NIGHTS_LEAST, NIGHTS_WANTED = 2, 14
ALL_BUT_OWNER_AND_GROUP = 0o007


def stamps(settings: Settings, ledger: Ledger | None, *, now: datetime) -> Iterator[Line]:
    """No record may be younger than the present moment; no network is asked what time it is."""
    if settings.now is not None:
        yield warn("clock", f"RISKSTRAT_NOW pretends {now:%Y-%m-%d %H:%M} UTC", "Take it out of the environment")
    if ledger is None:
        return
    entries = audit.list_entries(ledger)
    newest = entries[-1].at if entries else None
    if newest is not None and newest > now + LEEWAY:
        step = "Put the machine's clock right (timedatectl); cut-offs and ends of approvals are judged by it"
        yield fail(
            "clock",
            f"it is {now:%Y-%m-%d %H:%M} UTC here, and the audit's newest row is of {newest:%Y-%m-%d %H:%M}",
            step,
        )
    else:
        last = "the audit is empty" if newest is None else f"the audit's newest row is of {newest:%Y-%m-%d %H:%M}"
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC; {last}")


def unfinished_acts(settings: Settings) -> Iterator[Line]:
    """A restore or a rotation of keys that was stopped keeps every other command from working."""
    for name, says, step in (
        (RESTORING, "a restore has not come to its end", "Run riskstrat restore again with the same backup"),
        (ROTATING, "a rotation of the keys has not come to its end", "Run riskstrat keys rotate again"),
    ):
        if (settings.home / name).exists():
            yield fail("unfinished", says, step)


def permissions(settings: Settings) -> Iterator[Line]:
    """What can identify a person is closed to everybody but its owner and group."""
    if not settings.home.is_dir():
        return
    zones = [settings.home / name for name in layout.IDENTIFIABLE if (settings.home / name).is_dir()]
    closed = [one for one in (settings.home, *zones) if not one.stat().st_mode & ALL_BUT_OWNER_AND_GROUP]
    if settings.home in closed or len(closed) == len(zones) + 1:
        yield ok("permissions", "the home is closed to others")
    elif open_zones := [one.name for one in zones if one not in closed]:
        step = f"chmod o-rwx {settings.home.name}, and give the pipeline's account a umask of 077"
        yield warn("permissions", f"every account of this machine may enter the home: {', '.join(open_zones)}", step)


def disk(settings: Settings, ledger: Ledger | None, *, bounds: Bounds) -> Iterator[Line]:
    """Room for how many nights like the last one."""
    if not settings.home.is_dir():
        yield warn("disk", "the home is not there yet", "riskstrat keys makes it, or put RISKSTRAT_HOME right")
        return
    usage = shutil.disk_usage(settings.home)
    free_pct = 100 * usage.free / usage.total
    night = 0 if ledger is None else _written_by_last_night(settings.home, ledger)
    nights = usage.free // night if night else None
    says = f"{_size(usage.free)} free, {free_pct:.0f}% of the disk"
    if night:
        says += f"; the last night wrote {_size(night)}, so room for {nights:,} like it"
    step = "Make room: riskstrat purge shows what is past its time; or give the home a larger disk"
    if nights is not None and nights < NIGHTS_LEAST:
        yield fail("disk", says, step)
    elif free_pct < bounds.disk_free_least_pct or (nights is not None and nights < NIGHTS_WANTED):
        yield warn("disk", says, step)
    else:
        yield ok("disk", says)


def _written_by_last_night(home: Path, ledger: Ledger) -> int:
    """Bytes of the files that were written while the last finished night ran, as they lie in the home now."""
    nights = [one for one in runs.list_runs(ledger, kind="nightly") if one.finished_at is not None]
    if not nights:
        return 0
    last = max(nights, key=lambda one: (one.as_of, one.started_at))
    assert last.finished_at is not None
    since, until = last.started_at.timestamp(), last.finished_at.timestamp() + 1
    return sum(size for changed, size in _files(home) if since <= changed <= until)


def _files(folder: Path) -> Iterator[tuple[float, int]]:
    """When each file below was written, and its bytes; one that goes while we look is passed over."""
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    told = entry.stat(follow_symlinks=False)
                    yield told.st_mtime, told.st_size
            except FileNotFoundError:
                continue


def model_files(settings: Settings, ledger: Ledger | None) -> Iterator[Line]:
    """The model that scores has its files."""
    champion = None if ledger is None else models.champion(ledger, name=MODEL)
    if ledger is None:
        return
    if champion is None:
        yield fail("model", "none is promoted", "Train one and promote it: docs/runbooks/no-model-promoted.md")
    elif not (layout.models(settings.home, MODEL) / champion.model_id / "manifest.json").is_file():
        yield fail("model", f"the files of {champion.model_id} are gone", "Restore them: docs/runbooks/restore.md")
    else:
        yield ok("model", f"{champion.model_id} scores, and its files are there")


def _size(count: int) -> str:
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1000:.0f} kB"
