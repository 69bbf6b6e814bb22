"""A region of twenty small practices that take part and a quarter of their weeks, landed week by week.

The people, their illnesses and their hospital stays are the generator's (pipeline/synthetic). Their daily files are put
together here into one a week, and what is to happen to somebody (quarter_events.py) is written into those rows.
"""

import csv
import hashlib
import io
import json
import random
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.store import keys, layout
from pipeline.synthetic import synthesise as generator
from pipeline.synthetic.population.frame import CORE_PRACTICES, HARINGEY, ISLINGTON, NO_AGREEMENT, Frame, all_practices
from pipeline.synthetic.population.frame import load_frame as whole_frame

FIRST, WEEKS, SEED = date(2026, 11, 15), 12, 7
NIGHTS = tuple(FIRST + timedelta(days=7 * week) for week in range(WEEKS + 1))
EXTRACTS = ("gp_patient", "gp_event", "gp_medication", "acute_apc")
REFERENCES = ("reference_organisation", "nhs_number_change")
SMALLEST, LARGEST = 150, 250
Row = dict[str, str]


def practices() -> tuple[str, ...]:
    """The twenty that take part, in the order of the frame."""
    return tuple(one.code for one in _frame(0).practices if one.code != NO_AGREEMENT)


def senders() -> dict[str, str]:
    """Who sends a practice's records, by practice."""
    return {one.code: one.supplier for one in _frame(0).practices if one.supplier}


def capacity_pct(practice: str) -> str:
    """How many in 100 of its adults a practice can work with: most say nothing and have 2, some asked for more."""
    return ("2.0", "3.5", "2.0", "5.0")[practices().index(practice) % 4]


def make_region(settings: Settings, *, aside: Path) -> None:
    """A home with keys, policy and the history landed; the live weeks lie aside, to be landed as they happen."""
    patch = pytest.MonkeyPatch()
    patch.setattr(generator, "load_frame", _frame)
    contracts = load_extracts(PROJECT)
    try:
        generator.synthesise(aside, people=4_000, seed=SEED, as_of=FIRST, contracts=contracts, weeks=WEEKS)
    finally:
        patch.undo()
    for receipt, content in _receipts(aside):
        is_history = content["received_at"][:10] <= FIRST.isoformat()
        if is_history and content["extract"] in (*EXTRACTS, *REFERENCES):
            target = layout.landing(settings.home) / receipt.parent.name
            target.mkdir(parents=True, exist_ok=True)
            for file in (receipt, _data_of(receipt)):
                shutil.copyfile(file, target / file.name)
    # The same keys every time: ties are broken by pseudonym, and the figures of docs/quarter.md are to come out again.
    patch.setattr(keys.secrets, "token_bytes", random.Random(SEED).randbytes)
    keys.create_keys(settings.keys_folder)
    patch.undo()
    settings.policy_file.write_text(yaml.safe_dump(_policy()))


def _frame(_people: int) -> Frame:
    """The core practices and the next sixteen of the same two boroughs, each scaled down to a small list."""
    near = [one for one in all_practices() if one.borough_code in (ISLINGTON, HARINGEY)]
    others = [one for one in near if one.code not in CORE_PRACTICES][:16]
    core = [one for one in all_practices() if one.code in CORE_PRACTICES]
    step = (LARGEST - SMALLEST) // 20
    sized = [
        replace(one, list_size=SMALLEST + step * turn, is_whole=False) for turn, one in enumerate([*core, *others])
    ]
    return replace(whole_frame(500), practices=tuple(sized))


def _policy() -> dict[str, Any]:
    policy: dict[str, Any] = yaml.safe_load((PROJECT / "policy" / "demo.yml").read_text())
    sources = ("gp", "acute")
    policy["sources"] = [
        one for one in policy["sources"] if one["source"] in sources and one["purpose"] == "case_finding"
    ]
    # Lists and counts outside the practices have tests of their own.
    policy["localities"]["release"] = False
    pattern = policy["practices"][0]
    policy["practices"] = [
        {**pattern, "practice_code": code, "agreement": f"FICTITIOUS-{code}", "capacity_pct": float(capacity_pct(code))}
        for code in practices()
    ]
    return policy


@dataclass(frozen=True)
class Batch:
    """One file of a week: who sends it, its rows, and the receipt of the last day's file that is in it."""

    extract: str
    sender: str
    header: list[str]
    rows: list[Row]
    receipt: Mapping[str, Any]


def week_of(aside: Path, week: int) -> list[Batch]:
    """What the senders would have sent in the week before night number `week` (1 is the first live one)."""
    start, end = NIGHTS[week - 1], NIGHTS[week]
    found: dict[tuple[str, ...], Batch] = {}
    for receipt, content in sorted(_receipts(aside), key=lambda one: str(one[1]["received_at"])):
        day = date.fromisoformat(content["received_at"][:10])
        if not start < day <= end or content["extract"] not in EXTRACTS or _is_cut(aside, receipt):
            continue
        header, rows = read_rows(_data_of(receipt))
        extract = str(content["extract"])
        # Hospitals' months are files of their own: what is sent for a period takes the place of what was.
        period = str(content["period_end"]) if extract == "acute_apc" else ""
        name = (extract, str(content["sender"]), period)
        before = found[name].rows if name in found else []
        since = found[name].receipt["period_start"] if name in found else content["period_start"]
        found[name] = Batch(extract, name[1], header, [*before, *rows], {**content, "period_start": since})
    return list(found.values())


def land(landing: Path, batches: Iterable[Batch]) -> None:
    """Write each batch as a file with its receipt; of one key the last row counts, as it would day by day."""
    contracts = load_extracts(PROJECT)
    for one in batches:
        columns = {column.name: column.header for column in contracts[one.extract].columns}
        key = [columns[name] for name in contracts[one.extract].key]
        newest = {tuple(row[name] for name in key): row for row in one.rows}
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, one.header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(newest.values())
        data = out.getvalue().encode()
        folder = landing / one.sender
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{one.extract}_{one.receipt['period_end']}_week"
        (folder / f"{stem}.csv").write_bytes(data)
        receipt = {**one.receipt, "rows": len(newest), "sha256": hashlib.sha256(data).hexdigest()}
        (folder / f"{stem}.receipt.json").write_text(json.dumps(receipt))


def landed(landing: Path, extract: str, *, before: datetime) -> list[Row]:
    """Every row of an extract received before a moment, in the order of receipt."""
    files = [
        (str(content["received_at"]), receipt)
        for receipt, content in _receipts(landing)
        if content["extract"] == extract and datetime.fromisoformat(content["received_at"]) < before
    ]
    return [row for _, receipt in sorted(files) for row in read_rows(_data_of(receipt))[1]]


def read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """Header and rows of a CSV."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
        return list(reader.fieldnames or ()), rows


def _receipts(landing: Path) -> list[tuple[Path, dict[str, Any]]]:
    found = sorted(landing.glob("[!_]*/*.receipt.json"))
    return [(path, json.loads(path.read_bytes())) for path in found]


def _data_of(receipt: Path) -> Path:
    return receipt.with_name(receipt.name.replace(".receipt.json", ".csv"))


def _is_cut(aside: Path, receipt: Path) -> bool:
    """Whether this is the file that the generator breaks off in the first live week; the whole one follows."""
    content = json.loads(receipt.read_bytes())
    told = json.loads((aside / "_truth" / "defects.json").read_bytes())["second_week"]
    moment = content["received_at"].replace("-", "").replace(":", "")
    cut = {one["delivery_id"] for one in told if one["what"] == "delivery_cut"}
    return f"{content['extract']}.{content['sender']}.{moment}" in cut
