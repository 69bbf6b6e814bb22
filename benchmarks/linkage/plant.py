"""Writes an invented region and plants faults of identity in it, so that linkage can be held against the truth.

Who each landed row is really of is written to `_truth/rows.parquet` before anything is planted. Everything follows from
the seed. The region's own faults stay: superseded and second numbers, wrong check digits, empty numbers.
"""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.rules.nhs_number import is_valid
from pipeline.synthetic.deliveries.shapes import SHAPES
from pipeline.synthetic.synthesise import synthesise

AS_OF = date(2026, 11, 15)
# Shares of all rows but those of lists.
WRONG_NUMBER, BIRTH_SLIP = 0.004, 0.004
# Share of people whose number a sender of these does not have, in none of its rows.
NUMBER_UNKNOWN = 0.10
WITHOUT_NUMBERS = ("community_contact", "community_referral", "social_care_event")
SHARED_NUMBERS = 12


@dataclass
class People:
    """The truth folder's people: current number by any number, birth date, postcode, practice."""

    rows: list[dict[str, Any]]
    current: dict[str, str] = field(default_factory=dict)
    by_number: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def read(landing: Path) -> "People":
        found = People(rows=pq.read_table(landing / "_truth" / "people.parquet").to_pylist())
        for one in found.rows:
            found.by_number[one["nhs_number"]] = one
            for name in ("nhs_number", "other_nhs_number", "superseded_nhs_number"):
                if one[name]:
                    found.current[one[name]] = one["nhs_number"]
        return found


def plant(landing: Path, *, people: int, seed: int, is_clean: bool = False) -> None:
    """Write the region to an empty landing folder, then the truth of its rows, then the faults."""
    synthesise(landing, people=people, seed=seed, as_of=AS_OF, contracts=load_extracts(PROJECT), weeks=1)
    known = People.read(landing)
    listed = [one["nhs_number"] for one in known.rows if one["is_registered"]]
    receipts = sorted(landing.glob("[!_]*/*.receipt.json"))
    lists = [one for one in receipts if one.name.startswith("gp_patient")]
    supplied = {line["NHSNumber"] for one in lists for line in _lines(one)}
    shared = {} if is_clean else _shared(known, supplied, np.random.default_rng([seed, 1]))
    truth: dict[str, list[Any]] = defaultdict(list)
    defects = json.loads((landing / "_truth" / "defects.json").read_bytes())["rows"]
    for position, receipt in enumerate(receipts):
        told = json.loads(receipt.read_bytes())
        if told["extract"] in SHAPES:
            rng = np.random.default_rng([seed, 2, position])
            own = _Faults(known, listed, shared, rng, is_clean=is_clean)
            _rewrite(receipt, told, own, truth, planted=defects.get(_delivery_id(told), {}))
    pq.write_table(pa.table(dict(truth)), landing / "_truth" / "rows.parquet")


@dataclass
class _Faults:
    people: People
    listed: list[str]
    shared: Mapping[str, str]
    rng: np.random.Generator
    is_clean: bool

    def true_person(self, extract: str, line: Mapping[str, str]) -> str:
        """The current number of whom the row is of; '' where the region itself sent it without a number."""
        number = line[SHAPES[extract].nhs_number]
        if number and not is_valid(number):
            number = number[:9] + str((int(number[9]) - 1) % 10)
        return self.people.current.get(number, "")

    def change(self, extract: str, line: dict[str, str], person: str) -> str:
        """Spoil the line or leave it; the kind of fault, the region's own among them."""
        shape = SHAPES[extract]
        number = line[shape.nhs_number]
        if not number:
            return "empty_number"
        if not is_valid(number):
            return "wrong_check_digit"
        one = self.people.by_number.get(person)
        if one is None:
            return "unknown"
        kind = {one["other_nhs_number"]: "second_number", one["superseded_nhs_number"]: "superseded"}.get(
            number, "none"
        )
        if self.is_clean or kind != "none":
            return kind
        if extract == "gp_patient":
            if person in self.shared:
                line[shape.nhs_number] = self.shared[person]
                return "shared_number"
            return kind
        if extract in WITHOUT_NUMBERS and _share_of(person) < NUMBER_UNKNOWN:
            line[shape.nhs_number] = ""
            return "number_unknown"
        drawn = self.rng.random()
        if drawn < WRONG_NUMBER:
            line[shape.nhs_number] = self.listed[int(self.rng.integers(len(self.listed)))]
            return "wrong_number"
        if drawn < WRONG_NUMBER + BIRTH_SLIP:
            line[shape.birth_date] = slip(line[shape.birth_date], self.rng)
            return "birth_slip"
        return kind


def slip(born: str, rng: np.random.Generator) -> str:
    """A birth date as somebody mistypes it: day and month exchanged, a year or a day beside."""
    year, month, day = (int(part) for part in born.split("-"))
    kind = int(rng.integers(3))
    if kind == 0 and day <= 12 and day != month:
        return f"{year:04}-{day:02}-{month:02}"
    if kind == 1:
        return f"{year - 1:04}-{month:02}-{min(day, 28):02}"
    return f"{year:04}-{month:02}-{day % 28 + 1:02}"


def _share_of(person: str) -> float:
    """The same for a person in every file: a sender that does not know a number knows it in no row."""
    return int(hashlib.sha256(person.encode()).hexdigest()[:8], 16) / 2**32


def _shared(known: People, supplied: set[str], rng: np.random.Generator) -> dict[str, str]:
    """Of some people on lists, the number of another of them that stands there in place of their own."""
    steady = [one for one in known.rows if one["is_registered"] and one["nhs_number"] in supplied]
    chosen = rng.choice(len(steady), 2 * SHARED_NUMBERS, replace=False)
    pairs = [(steady[int(a)], steady[int(b)]) for a, b in zip(chosen[::2], chosen[1::2], strict=True)]
    return {a["nhs_number"]: b["nhs_number"] for a, b in pairs if a["birth_date"] != b["birth_date"]}


def _lines(receipt: Path) -> list[dict[str, str]]:
    with _csv_of(receipt).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _csv_of(receipt: Path) -> Path:
    return receipt.with_name(receipt.name.replace(".receipt.json", ".csv"))


def _delivery_id(told: Mapping[str, Any]) -> str:
    moment = str(told["received_at"]).replace("-", "").replace(":", "")
    return f"{told['extract']}.{told['sender']}.{moment}"


def _rewrite(
    receipt: Path,
    told: dict[str, Any],
    faults: _Faults,
    truth: dict[str, list[Any]],
    *,
    planted: Mapping[str, list[int]],
) -> None:
    path, extract = _csv_of(receipt), told["extract"]
    whole = hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]
    lines = _lines(receipt) if whole else []
    if len(lines) != told["rows"]:
        return  # a file cut short or copied by the region: it is refused, and says nothing of linkage
    dirty = {number for numbers in planted.values() for number in numbers}
    for number, line in enumerate(lines, start=1):
        person = faults.true_person(extract, line)
        kind = "of_the_region" if number in dirty else faults.change(extract, line, person)
        if number in dirty and not is_valid(line[SHAPES[extract].nhs_number]):
            kind = "wrong_check_digit" if line[SHAPES[extract].nhs_number] else "empty_number"
        for name, value in (
            ("delivery_id", _delivery_id(told)), ("source_row_number", number), ("person", person), ("kind", kind),
        ):  # fmt: skip
            truth[name].append(value)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]) if lines else [], lineterminator="\n")
        if lines:
            writer.writeheader()
            writer.writerows(lines)
    told["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    receipt.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
