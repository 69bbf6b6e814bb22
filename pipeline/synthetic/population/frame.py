"""The frame of the invented region: all 173 practices of North Central London, their areas, and the invented names.

Reads only the CSV files in pipeline/synthetic/reference (sources in its README). Draws nothing.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import UserError

REFERENCE = Path(__file__).parents[1] / "reference"
# The practices of the demo, in order; they make a block of their own.
CORE_PRACTICES = ("F83671", "F83039", "F85061", "F85675", "F85065")
NO_AGREEMENT = "F85065"
ISLINGTON, HARINGEY, CAMDEN, BARNET, ENFIELD = "E09000019", "E09000014", "E09000007", "E09000003", "E09000010"
COUNCILS = (ISLINGTON, HARINGEY, CAMDEN, BARNET, ENFIELD)
HACKNEY = "E09000012"
GP_SUPPLIER_OF_BOROUGH = {
    ISLINGTON: "GPS01",
    CAMDEN: "GPS01",
    HARINGEY: "GPS02",
    BARNET: "GPS02",
    ENFIELD: "GPS02",
}
SMALLEST_REGION = 500
LARGEST_REGION = 1_000_000
_BLOCK_AT_MOST = 40_000


def load_frame(people: int) -> "Frame":
    """The practices that together have about this many people; raises UserError outside 500 to 1,000,000.

    The five core practices are always there: below their 19,806 people their lists are scaled down alike, above it
    whole practices are added in the file's order for as long as they bring the total nearer.
    """
    if not SMALLEST_REGION <= people <= LARGEST_REGION:
        raise UserError(
            f"A region has {SMALLEST_REGION} to {LARGEST_REGION} people",
            where="--people",
            next_step="name a number in that range; the demo uses 20000",
        )
    listed = all_practices()
    core, others = list(listed[: len(CORE_PRACTICES)]), listed[len(CORE_PRACTICES) :]
    total = sum(practice.list_size for practice in core)
    if people < total:
        core = [_scaled(practice, people / total) for practice in core]
    for practice in others:
        if abs(people - total - practice.list_size) >= abs(people - total):
            break
        core.append(practice)
        total += practice.list_size
    return Frame(
        practices=tuple(core),
        areas={borough: _areas(borough) for borough in _boroughs()},
        outwards={borough: _outwards(borough) for borough in _boroughs()},
        family_names=_names("family"),
        given_names=_names("given"),
    )


def blocks(frame: "Frame") -> tuple[tuple[int, ...], ...]:
    """The practices (indices) of each block: the core alone, then whole practices in order up to 40,000 people.

    A practice larger than that is a block of its own.
    """
    found: list[tuple[int, ...]] = [tuple(range(len(CORE_PRACTICES)))]
    open_block: list[int] = []
    size = 0
    for index in range(len(CORE_PRACTICES), len(frame.practices)):
        list_size = frame.practices[index].list_size
        if open_block and size + list_size > _BLOCK_AT_MOST:
            found.append(tuple(open_block))
            open_block, size = [], 0
        open_block.append(index)
        size += list_size
    return (*found, tuple(open_block)) if open_block else tuple(found)


@cache
def all_practices() -> tuple["Practice", ...]:
    """Every practice of North Central London: the core, then each borough in proportion; large ones last."""
    return tuple(
        Practice(
            code=row["practice_code"],
            borough_code=row["borough_code"],
            list_size=int(row["list_size"]),
            name=row["practice_name"],
            pcn_code=row["pcn_code"],
            pcn_name=row["pcn_name"],
            borough_name=row["borough_name"],
        )
        for row in read_reference("practices")
    )


def read_reference(name: str) -> list[dict[str, str]]:
    """The rows of one of the generator's reference files, as text."""
    with (REFERENCE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _scaled(practice: "Practice", share: float) -> "Practice":
    smaller = max(25, round(practice.list_size * share))
    return Practice(
        **{**practice.__dict__, "list_size": smaller, "is_whole": False},
    )


def _boroughs() -> tuple[str, ...]:
    return tuple(sorted({row["borough_code"] for row in read_reference("outward_codes")}))


def _areas(borough: str) -> tuple["Area", ...]:
    rows = [row for row in read_reference("areas") if row["borough_code"] == borough]
    return tuple(
        Area(row["lsoa_code"], row["lsoa_name"][:-1], int(row["imd_rank"]), int(row["imd_decile"])) for row in rows
    )


def _outwards(borough: str) -> tuple[str, ...]:
    return tuple(row["outward"] for row in read_reference("outward_codes") if row["borough_code"] == borough)


def _names(kind: str) -> tuple[str, ...]:
    return tuple(row["name"] for row in read_reference("names") if row["kind"] == kind)


@dataclass(frozen=True)
class Practice:
    """A real practice with the size of its list (people registered)."""

    code: str
    borough_code: str
    list_size: int
    name: str
    pcn_code: str
    pcn_name: str
    borough_name: str
    is_whole: bool = True

    @property
    def supplier(self) -> str | None:
        """Who sends its GP data; None when nobody does."""
        return None if self.code == NO_AGREEMENT else GP_SUPPLIER_OF_BOROUGH.get(self.borough_code)


@dataclass(frozen=True)
class Area:
    """A small area (LSOA 2021): its neighbourhood (MSOA), IMD 2025 rank and national tenth (1 most deprived)."""

    lsoa: str
    neighbourhood: str
    rank: int
    decile: int


@dataclass(frozen=True)
class Frame:
    """Everything real or invented that people are drawn from; areas by borough (GSS code)."""

    practices: tuple[Practice, ...]
    areas: Mapping[str, Sequence[Area]]
    outwards: Mapping[str, Sequence[str]]
    family_names: tuple[str, ...]
    given_names: tuple[str, ...]
