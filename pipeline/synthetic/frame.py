"""The frame of the invented region: real practices, their list sizes and areas; and the invented names.

Reads only the CSV files in pipeline/synthetic/reference (sources in its README). Draws nothing.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

REFERENCE = Path(__file__).parent / "reference"
# The practices of the demo in order; the file goes on with the rest of their boroughs, then the other three.
CORE_PRACTICES = ("F83671", "F83039", "F85061", "F85675", "F85065")
NO_AGREEMENT = "F85065"
ISLINGTON, HARINGEY, CAMDEN, HACKNEY = "E09000019", "E09000014", "E09000007", "E09000012"
BARNET, ENFIELD = "E09000003", "E09000010"
GP_SUPPLIER_OF_BOROUGH = {
    ISLINGTON: "GPS01",
    CAMDEN: "GPS01",
    HARINGEY: "GPS02",
    BARNET: "GPS02",
    ENFIELD: "GPS02",
}
SMALLEST_REGION = 500
LARGEST_REGION = 800_000


def load_frame(people: int) -> "Frame":
    """The practices that together have about this many people; raises UserError outside 500 to 800,000.

    The five core practices are always there: below their 19,806 people their lists are scaled down alike, above it
    whole practices are added in the file's order for as long as they bring the total nearer.
    """
    if not SMALLEST_REGION <= people <= LARGEST_REGION:
        raise UserError(
            f"A region has {SMALLEST_REGION} to {LARGEST_REGION} people",
            where="--people",
            next_step="name a number in that range; the demo uses 20000",
        )
    listed = [
        Practice(code=row["practice_code"], borough_code=row["borough_code"], list_size=int(row["list_size"]))
        for row in read_reference("practice_list_sizes")
    ]
    core, others = listed[: len(CORE_PRACTICES)], listed[len(CORE_PRACTICES) :]
    total = sum(practice.list_size for practice in core)
    if people < total:
        core = _scaled(core, people / total)
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


def read_reference(name: str) -> list[dict[str, str]]:
    """The rows of one of the generator's reference files, as text."""
    with (REFERENCE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _scaled(practices: Sequence["Practice"], share: float) -> list["Practice"]:
    return [
        Practice(
            code=p.code, borough_code=p.borough_code, list_size=max(25, round(p.list_size * share)), is_whole=False
        )
        for p in practices
    ]


def _boroughs() -> tuple[str, ...]:
    return tuple(sorted({row["borough_code"] for row in read_reference("postcode_areas")}))


def _areas(borough: str) -> tuple[tuple[str, int], ...]:
    rows = read_reference("lsoa_imd")
    return tuple((row["lsoa_code"], int(row["imd_decile"])) for row in rows if row["borough_code"] == borough)


def _outwards(borough: str) -> tuple[str, ...]:
    rows = read_reference("postcode_areas")
    return tuple(row["outward"] for row in rows if row["borough_code"] == borough)


def _names(kind: str) -> tuple[str, ...]:
    return tuple(row["name"] for row in read_reference("names") if row["kind"] == kind)


@dataclass(frozen=True)
class Practice:
    """A real practice with the size of its list (people registered)."""

    code: str
    borough_code: str
    list_size: int
    is_whole: bool = True

    @property
    def supplier(self) -> str | None:
        """Who sends its GP data; None when nobody does."""
        return None if self.code == NO_AGREEMENT else GP_SUPPLIER_OF_BOROUGH.get(self.borough_code)


@dataclass(frozen=True)
class Frame:
    """Everything real or invented that people are drawn from."""

    practices: tuple[Practice, ...]
    areas: Mapping[str, tuple[tuple[str, int], ...]]
    outwards: Mapping[str, tuple[str, ...]]
    family_names: tuple[str, ...]
    given_names: tuple[str, ...]
