"""A region with planted faults, taken in: received, validated and linked as a night would; and what was said of it.

Reads the landed bytes for itself, so that what the ledger counts can be recounted.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.receive.receive import RefusedFile, receive
from pipeline.steps.validate.validate import validate
from pipeline.store import layout, tables
from pipeline.synthetic.deliveries.shapes import SHAPES


@dataclass(frozen=True, eq=False)
class TakenIn:
    """The home after intake, and the truth about what was landed in it."""

    context: Context
    refused: tuple[RefusedFile, ...]
    truth: dict[str, Any]

    @property
    def home(self) -> Path:
        return self.context.settings.home

    @cached_property
    def deliveries(self) -> dict[str, Delivery]:
        """Every delivery of the ledger by the id its receipt makes."""
        return {one.delivery_id: one for one in list_deliveries(self.context.ledger)}

    @cached_property
    def landed(self) -> dict[str, "Landed"]:
        """Every file and receipt of the landing folder by the same id."""
        found = {}
        for path in sorted(layout.landing(self.home).glob("[!_]*/*.receipt.json")):
            one = Landed(path=path.with_name(path.name.replace(".receipt.json", ".csv")), receipt=_json(path))
            found[one.delivery_id] = one
        return found

    def of(self, delivery_id: str) -> Delivery:
        """The ledger's entry for a landed delivery; a refusal at the door stands under an id of its own."""
        if delivery_id in self.deliveries:
            return self.deliveries[delivery_id]
        (found,) = [one for name, one in self.deliveries.items() if name.startswith(f"{delivery_id}.")]
        return found

    def report(self, delivery_id: str) -> dict[str, Any]:
        """What the supplier was told; without rules when the delivery never came to be judged."""
        path = layout.delivery_report(self.home, delivery_id) / "report.json"
        return _json(path) if path.is_file() else {"rules": [], "notes": []}

    def told(self, delivery_id: str) -> list[str]:
        """Rules named in the report of a delivery, with those of its refusal."""
        rules = [rule["rule"] for rule in self.report(delivery_id)["rules"]]
        code = self.of(delivery_id).reason_code
        return [*rules, *([code] if code else [])]

    @cached_property
    def people(self) -> list[dict[str, Any]]:
        """Everyone of the region, as the truth folder has them."""
        return list(pq.read_table(layout.landing(self.home) / "_truth" / "people.parquet").to_pylist())

    @cached_property
    def _places(self) -> dict[Path, dict[str, list[int]]]:
        return {}

    def rows_in(self, zone: Callable[[Path, str], Path], delivery_id: str) -> list[int]:
        """Numbers of the rows of a delivery in one zone of the store; of linked ones, those that are somebody's."""
        path = zone(self.home, delivery_id.split(".")[0])
        if path not in self._places:
            there: dict[str, list[int]] = {}
            if tables.exists(path):
                columns = ["delivery_id", "source_row_number"]
                rows = tables.read(path, columns=[*columns, *(["person_key"] if zone is layout.linked else [])])
                if zone is layout.linked:
                    # A bare version of nobody only hides what it replaces.
                    rows = rows.filter(rows["person_key"].is_valid())
                for name, number in zip(*(rows[c].to_pylist() for c in columns), strict=True):
                    there.setdefault(name, []).append(number)
            self._places[path] = there
        return self._places[path].get(delivery_id, [])

    def after_linkage(self, delivery_id: str) -> dict[str, set[int]]:
        """Numbers of the rows that linkage told the sender of, by rule."""
        checks = self.report(delivery_id).get("after_linkage", {}).get("checks", [])
        return {str(one["rule"]): set(one["row_numbers"]) for one in checks}

    def rows_with_number(self, numbers: set[str]) -> dict[str, set[int]]:
        """The rows under one of these NHS numbers that are kept, of each accepted delivery that has some."""
        found = {}
        for name, landed in self.landed.items():
            extract = landed.receipt["extract"]
            if extract not in SHAPES or self.of(name).state != "accepted":
                continue
            place = landed.header.index(SHAPES[extract].nhs_number)
            there = {number for number, row in enumerate(landed.rows, start=1) if row[place] in numbers}
            if there := there & set(self.rows_in(layout.clean, name)):
                found[name] = there
        return found

    @cached_property
    def faulty(self) -> dict[str, str]:
        """Kind of file fault by delivery, accidents of the first live week among them."""
        kinds = {str(one["delivery_id"]): str(one["kind"]) for one in self.truth["files"]}
        for entry in self.truth["second_week"]:
            if str(entry["what"]).startswith("delivery_"):
                kinds[str(entry["delivery_id"])] = str(entry["what"])
        return kinds

    def clean(self) -> Iterator[str]:
        """Live deliveries in which nothing at all was planted."""
        changed = {str(entry.get("delivery_id")) for entry in self.truth["second_week"]}
        for name, one in self.landed.items():
            is_regular = one.receipt["kind"] == "regular"
            if is_regular and name not in {*changed, *self.faulty, *self.truth["rows"]}:
                yield name


@dataclass(frozen=True)
class Landed:
    """A file as its sender landed it."""

    path: Path
    receipt: dict[str, Any]

    @property
    def delivery_id(self) -> str:
        moment = str(self.receipt["received_at"]).replace("-", "").replace(":", "")
        return f"{self.receipt['extract']}.{self.receipt['sender']}.{moment}"

    @cached_property
    def rows(self) -> list[list[str]]:
        """The lines after the header, as fields; only for a file whose bytes are as they should be."""
        text = self.path.read_bytes().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))[1:]

    @cached_property
    def header(self) -> list[str]:
        text = self.path.read_bytes().decode("utf-8-sig")
        return next(csv.reader(io.StringIO(text)))


def take_in(context: Context) -> TakenIn:
    """Receive, validate and link everything that lies in the landing folder, in the order it was received."""
    received = receive(context)
    for delivery in list_deliveries(context.ledger, states=["received"]):
        validate(context, delivery_id=delivery.delivery_id)
    link(context)
    truth = _json(layout.landing(context.settings.home) / "_truth" / "defects.json")
    return TakenIn(context=context, refused=received.refused, truth=truth)


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content
