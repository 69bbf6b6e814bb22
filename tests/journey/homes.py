"""What tests of the journey do with a home: copy it, list its published trees, digest its store, check its packs.

Reads only; it knows the layout of a home from pipeline/store/layout.py and nothing of how things were made.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from pipeline.channels.folder import MANIFEST, SIGNATURE, STAGING
from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT, Settings, read_settings
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import record_received, record_verdict
from pipeline.rules.times import intake_cut_off
from pipeline.store import layout, tables

DERIVED = ("registration", "event", "cohort", "feature", "death", "in_hospital", "score", "segment", "register")
DERIVED += ("reference_organisation", "holdout", "fact")
PUBLISHED = ("registers", "localities")


def settings_of(home: Path, **changes: object) -> Settings:
    """Settings of the home at this path, with other values where named."""
    return read_settings({"RISKSTRAT_HOME": str(home)}).model_copy(update=changes)


def refuse_late_file(settings: Settings, *, night: date) -> None:
    """A file that lands and is refused after the night, stamped before its cut-off: its first page would tell of it."""
    ledger, received = open_ledger(settings.ledger_url), intake_cut_off(night) - timedelta(hours=2)
    name = f"gp_event.GPS01.{received:%Y%m%dT%H%M%SZ}"
    record_received(
        ledger, delivery_id=name, extract="gp_event", sender="GPS01", kind="regular", file_name="late.csv",
        sha256="1" * 64, period_start=night, period_end=night, received_at=received, rows_in=5,
    )  # fmt: skip
    record_verdict(
        ledger, delivery_id=name, state="refused", reason_code="GP-EV-001", reason="x", rows_in=5, rows_refused=5
    )
    ledger.engine.dispose()


def copy_home(source: Path, target: Path) -> Settings:
    """A copy of a whole home in another place; the settings of the copy."""
    shutil.copytree(source, target)
    return settings_of(target)


def tree(home: Path, *folders: str) -> dict[str, str]:
    """SHA-256 of every file below these folders of the home, by path; hidden ones included."""
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted((home / folder).rglob("*"))
        if path.is_file()
    }


def first_difference(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """The first name, in order, that the two do not share with the same content; None when they are alike."""
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            return name if name in one and name in other else f"{name} (in one of the two only)"
    return None


def store_digests(home: Path, *, leave_out: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, str]:
    """Row digest of every table of the store, identified zone included, by its path below the home.

    `leave_out` names columns by table; under "*" those left out everywhere.
    """
    away = leave_out or {}
    paths = [layout.table(home, name) for name in DERIVED] + [layout.erased(home)]
    for extract in load_extracts(PROJECT):
        zones = (layout.clean, layout.quarantine, layout.unlinked, layout.linked)
        paths += [zone(home, extract) for zone in zones]
    digests = {}
    for path in paths:
        name = path.relative_to(home).as_posix()
        if tables.exists(path):
            out = (*away.get("*", ()), *away.get(name, ()))
            digests[name] = tables.digest(tables.read(path), leave_out=out)
    return digests


def half_published(home: Path) -> list[str]:
    """What is visible under registers/ and localities/ and is not a whole pack that its manifest vouches for."""
    problems = []
    for folder in _pack_folders(home):
        problems += _problems_of(folder, home)
    return problems


def packs(home: Path, as_of: date, *, folder: str = "registers") -> dict[str, Path]:
    """First editions of one night by practice or locality code."""
    root = home / folder / as_of.isoformat()
    return {path.name: path for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(STAGING)}


def _pack_folders(home: Path) -> list[Path]:
    found = []
    for plane in PUBLISHED:
        for night in _visible(home / plane):
            groups = _visible(night) if night.name == "replays" else [night]
            for group in groups:
                for pack in _visible(group):
                    found += [pack, *(path for path in _visible(pack) if path.is_dir())]
    return found


def _visible(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(STAGING)) if folder.is_dir() else []


def _problems_of(folder: Path, home: Path) -> list[str]:
    name = folder.relative_to(home).as_posix()
    if not (folder / MANIFEST).is_file():
        return [f"{name} has no manifest"]
    listed = {one["name"]: one["sha256"] for one in json.loads((folder / MANIFEST).read_bytes())["files"]}
    there = {path.name: path for path in folder.iterdir() if path.is_file() and path.name not in (MANIFEST, SIGNATURE)}
    problems = [f"{name} holds other files than its manifest names"] if set(there) != set(listed) else []
    for file in sorted(set(there) & set(listed)):
        if hashlib.sha256(there[file].read_bytes()).hexdigest() != listed[file]:
            problems.append(f"{name}/{file} is not what its manifest says")
    return problems
