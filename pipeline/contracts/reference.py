"""Reference data that a run reads: organisations, who supplies what for whom, deprivation by area.

Effective-dated CSV files under reference/; read as text, typed here, refused when they contradict themselves. Their
sources are in reference/README.md. A night with a delivered snapshot of organisations uses that one instead
(pipeline/steps/at_hand/reference_data.py).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.contracts.extract import load_extracts
from pipeline.errors import ContractError
from pipeline.rules import organisations as rules

AREA_TYPES = ("all", "practice", "borough", "residence")


@dataclass(frozen=True)
class Organisation:
    """A practice and where it belongs, for a period; `successor_code` is who took its patients over afterwards."""

    practice_code: str
    practice_name: str
    pcn_code: str
    pcn_name: str
    borough_code: str
    borough_name: str
    icb_code: str
    valid_from: date
    valid_to: date | None
    successor_code: str | None = None


@dataclass(frozen=True)
class Supply:
    """A sender that supplies a source for an area, for a period: from the first day from which its data are whole.

    `area_type`: `all`; `practice` (people registered there); `borough` (people registered with its practices);
    `residence` (people who live there, wherever they are registered). `data_sets`: the extracts of the source that it
    is to send; empty when all of them.
    """

    source: str
    sender: str
    area_type: str
    area_code: str
    valid_from: date
    valid_to: date | None
    data_sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Area:
    """An LSOA with its borough and its place in the Index of Multiple Deprivation (decile 1 most deprived)."""

    lsoa_code: str
    borough_code: str
    imd_rank: int
    imd_decile: int


@dataclass(frozen=True)
class Reference:
    """All reference data of a run."""

    organisations: tuple[Organisation, ...]
    supplies: tuple[Supply, ...]
    areas: tuple[Area, ...]

    def practice(self, code: str, day: date) -> Organisation:
        """The practice as it stood on the day; ContractError if it was closed then or is not known."""
        for organisation in self.organisations:
            if organisation.practice_code == code and rules.is_valid(organisation, day):
                return organisation
        closed = rules.closed_on(self.organisations, code, day)
        if closed is None:
            raise ContractError(
                f"Practice {code} takes part but the organisation reference does not know it on {day}",
                where="organisation reference",
                next_step="add its row to reference/organisation.csv, with the dates it is valid for, or ask for a "
                "reference_organisation file that holds it",
            )
        successor = rules.current_practice(self.organisations, code, day)
        raise ContractError(
            f"Practice {code} takes part but closed on {closed}"
            + (f", and its patients are {successor}'s" if successor else ""),
            where=f"organisation reference on {day}",
            next_step="end its agreement in the policy on that day",
        )

    def predecessors(self, code: str, day: date) -> tuple[str, ...]:
        """Closed practices whose patients are this practice's on the day, by code."""
        found = rules.successions(self.organisations, day)
        return tuple(sorted(closed for closed, current in found.items() if current == code))


@cache
def load_reference(project: Path) -> Reference:
    """Read reference/*.csv; raises ContractError when a file is missing or contradicts itself."""
    folder = project / "reference"
    organisations = tuple(Organisation(**_typed(row)) for row in _rows(folder / "organisation.csv"))
    check_organisations(organisations, where="reference/organisation.csv")
    supplies = tuple(Supply(**_typed(row)) for row in _rows(folder / "supply.csv"))
    _check_supplies(supplies)
    _check_data_sets(supplies, project)
    return Reference(
        organisations=organisations,
        supplies=supplies,
        areas=tuple(Area(**_typed(row)) for row in _rows(folder / "lsoa_imd.csv")),
    )


def check_organisations(
    organisations: Sequence[Organisation], *, where: str, numbers: Sequence[int] | None = None, next_step: str = ""
) -> None:
    """Raise ContractError, naming rows by number, when a practice is two things at once or successors lead nowhere."""
    found = rules.problems(organisations, numbers=numbers)
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise ContractError(
            "The organisation reference contradicts itself",
            where=f"{where}: {'; '.join(found[:5])}{more}",
            next_step=next_step or "give each row a last day before the next one of that practice begins",
        )


def _check_supplies(supplies: Sequence[Supply]) -> None:
    for number, row in enumerate(supplies, start=1):
        where = f"reference/supply.csv, row {number}"
        if row.area_type not in AREA_TYPES or (row.area_type == "all") != (row.area_code == ""):
            raise ContractError(
                f"A supply is for {', '.join(AREA_TYPES)}, and every one but 'all' names its area", where=where
            )
        if row.source == "social_care" and row.area_type != "residence":
            raise ContractError(
                "A council answers for those who live in its area, not for patients registered there",
                where=where,
                next_step="write area_type residence",
            )
        if row.valid_to is not None and row.valid_to < row.valid_from:
            raise ContractError("A supply ends before it begins", where=where)


def _check_data_sets(supplies: Sequence[Supply], project: Path) -> None:
    for number, row in enumerate(supplies, start=1):
        for name in row.data_sets:
            extract = load_extracts(project).get(name)
            if extract is None or extract.source != row.source:
                raise ContractError(
                    f"{name} is no data set of {row.source}",
                    where=f"reference/supply.csv, row {number}",
                    next_step="name extracts of that source, with a space between, or leave data_sets empty for all",
                )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise ContractError("A reference file is missing", where=path.name, next_step="restore it from the repository")
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {name: _value(name, text) for name, text in row.items()}


def _value(name: str, text: str) -> object:
    if name in ("valid_from", "valid_to"):
        return date.fromisoformat(text) if text else None
    if name == "data_sets":
        return tuple((text or "").split())
    if name == "successor_code":
        return text or None
    return int(text) if name in ("imd_rank", "imd_decile") else text
