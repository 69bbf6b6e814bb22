"""Where people live: borough, small area and postcode of each household, and the care homes of each council.

Practices have catchments: neighbourhoods of their borough alike in deprivation, because there are no coordinates here.
Inward parts of postcodes use letters that no real one has (Royal Mail: never C I K M O V).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.population.frame import COUNCILS, HACKNEY, Area, Frame, read_reference

HOMES_PER_COUNCIL = 6
_UNUSED_LETTERS = "CIKMOV"
_PER_AREA = 14  # postcodes
_CATCHMENT = 0.22  # spread of a practice's neighbourhoods, in ranks of deprivation within its borough from 0 to 1


def draw_addresses(frame: Frame, practice: np.ndarray, rng: np.random.Generator) -> "Addresses":
    """An address per household, given its practice (-1: registered elsewhere, lives in Hackney mostly)."""
    borough = np.full(len(practice), HACKNEY, dtype="U9")
    lsoa = np.empty(len(practice), dtype="U9")
    postcode = np.empty(len(practice), dtype="U8")
    decile = np.zeros(len(practice), dtype=np.int64)
    stranger = (practice < 0) & (rng.random(len(practice)) < 0.4)
    borough[stranger] = rng.choice(np.array(COUNCILS), int(stranger.sum()))
    for index in np.unique(practice):
        here = np.flatnonzero(practice == index)
        if index >= 0:
            borough[here] = _boroughs_of(frame.practices[index].borough_code, len(here), rng)
        for code in np.unique(borough[here]):
            who = here[borough[here] == code]
            areas = frame.areas[str(code)]
            chosen = rng.choice(len(areas), len(who), p=_catchment(frame, int(index), str(code)))
            lsoa[who] = np.array([area.lsoa for area in areas])[chosen]
            decile[who] = np.array([area.decile for area in areas])[chosen]
            postcode[who] = _postcodes(frame.outwards[str(code)], chosen, rng.integers(0, _PER_AREA, len(who)))
    return Addresses(borough, lsoa, decile, postcode)


def care_homes(frame: Frame, *, seed: int) -> "Addresses":
    """A few homes in each of the five boroughs: number k is the k-th entry. The same for every block."""
    rng = np.random.default_rng([seed, zlib.crc32(b"care homes")])
    borough = np.repeat(np.array(COUNCILS), HOMES_PER_COUNCIL)
    chosen = [int(rng.integers(len(frame.areas[str(code)]))) for code in borough]
    places = [frame.areas[str(code)][k] for code, k in zip(borough, chosen, strict=True)]
    return Addresses(
        borough=borough,
        lsoa=np.array([place.lsoa for place in places]),
        decile=np.array([place.decile for place in places]),
        # A care home has a postcode of its own, beyond those of its area's households.
        postcode=np.concatenate(
            [
                _postcodes(frame.outwards[str(code)], np.array([k]), np.array([_PER_AREA + number % HOMES_PER_COUNCIL]))
                for number, (code, k) in enumerate(zip(borough, chosen, strict=True))
            ]
        ),
    )


def _boroughs_of(home: str, count: int, rng: np.random.Generator) -> np.ndarray:
    rows = [row for row in read_reference("neighbours") if row["borough_code"] == home]
    return rng.choice(np.array([row["lives_in"] for row in rows]), count, p=[float(row["share"]) for row in rows])


def _catchment(frame: Frame, practice: int, borough: str) -> np.ndarray:
    """Share of a practice's households in each area of a borough."""
    areas = frame.areas[borough]
    if practice < 0 or frame.practices[practice].borough_code != borough:
        return np.full(len(areas), 1 / len(areas))
    place = _places(areas)
    centre = zlib.crc32(frame.practices[practice].code.encode()) % 1000 / 999
    weight = 0.04 + np.exp(-0.5 * ((place - centre) / _CATCHMENT) ** 2)
    return np.asarray(weight / weight.sum())


def _places(areas: Sequence[Area]) -> np.ndarray:
    """The place of each area's neighbourhood in the borough, from the most deprived (0) to the least (1)."""
    names = sorted({area.neighbourhood for area in areas})
    number = np.array([names.index(area.neighbourhood) for area in areas])
    ranks = np.bincount(number, weights=[area.rank for area in areas]) / np.bincount(number)
    return np.asarray((np.argsort(np.argsort(ranks)) / max(1, len(names) - 1))[number])


def _postcodes(outwards: Sequence[str], area: np.ndarray, number: np.ndarray) -> np.ndarray:
    letters = np.array(list(_UNUSED_LETTERS))
    outward = np.array(outwards)[area % len(outwards)]
    code = area // len(outwards) * 11 + number
    inward = np.char.add((1 + code // 36 % 9).astype("U1"), letters[code % 6])
    return np.char.add(np.char.add(outward, " "), np.char.add(inward, letters[code // 6 % 6]))


@dataclass(frozen=True)
class Addresses:
    """Address by address: borough (GSS code), small area (LSOA), its national tenth (1 most deprived), postcode."""

    borough: np.ndarray
    lsoa: np.ndarray
    decile: np.ndarray
    postcode: np.ndarray
