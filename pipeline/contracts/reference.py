"""Reference data that a run reads: organisations, who supplies what for whom, deprivation by area.

Effective-dated CSV files under reference/; read as text, typed here. Sources in reference/README.md.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import ContractError


@dataclass(frozen=True)
class Organisation:
    """A practice and where it belongs, for a period."""

    practice_code: str
    practice_name: str
    pcn_code: str
    pcn_name: str
    borough_code: str
    borough_name: str
    icb_code: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Supply:
    """A sender that supplies a source for an area (a practice, a borough of residence, or all), for a period."""

    source: str
    sender: str
    area_type: str
    area_code: str
    valid_from: date
    valid_to: date | None


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
        """The practice as it stood on the day; ContractError if the reference does not know it then."""
        for organisation in self.organisations:
            if organisation.practice_code == code and _covers(organisation, day):
                return organisation
        raise ContractError(
            f"Practice {code} takes part but the organisation reference does not know it on {day}",
            where="reference/organisation.csv",
            next_step="add its row, with the dates it is valid for",
        )

    def supplies_on(self, day: date) -> tuple[Supply, ...]:
        return tuple(supply for supply in self.supplies if _covers(supply, day))


@cache
def load_reference(project: Path) -> Reference:
    """Read reference/*.csv."""
    folder = project / "reference"
    return Reference(
        organisations=tuple(Organisation(**_typed(row)) for row in _rows(folder / "organisation.csv")),
        supplies=tuple(Supply(**_typed(row)) for row in _rows(folder / "supply.csv")),
        areas=tuple(Area(**_typed(row)) for row in _rows(folder / "lsoa_imd.csv")),
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
    return int(text) if name in ("imd_rank", "imd_decile") else text


def _covers(entry: Organisation | Supply, day: date) -> bool:
    return entry.valid_from <= day and (entry.valid_to is None or day <= entry.valid_to)
