"""What became of people like these on a date the model had not learned from: by band of risk, and by length of list.

Numpy only, pure functions of arrays with one row per person tested. Nothing is told of a few: a share from which a
small count could be worked out is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from pipeline.rules.disclosure import LARGEST_SUPPRESSED
from pipeline.rules.ranking import capacity

FEWEST_TESTED = 20  # below, one person more or less moves a share by over 5 in 100
ADULT = 18  # years


@dataclass(frozen=True)
class Judged:
    """Everyone tested: key, where registered, age in years, calibrated risk and whether it happened (0 or 1)."""

    person_keys: npt.NDArray[np.str_]
    practice_codes: npt.NDArray[np.str_]
    pcn_codes: npt.NDArray[np.str_]
    age_years: npt.NDArray[np.int64]
    risk: npt.NDArray[np.float64]
    outcome: npt.NDArray[np.int64]


def observed_in(tested: Judged, *, pcn_code: str, from_risks: Sequence[Decimal]) -> list[tuple[int, int] | None]:
    """(how many of 100 it happened to, people tested) of the PCN, for each band of risk, which begins where given.

    None where fewer than FEWEST_TESTED were tested, or where it happened to, or spared, only a few.
    """
    inside = tested.pcn_codes == pcn_code
    starts = np.array([float(start) for start in from_risks])
    order = np.argsort(starts)
    place = order[np.searchsorted(starts[order], tested.risk[inside], side="right") - 1]
    outcome = tested.outcome[inside]
    found: list[tuple[int, int] | None] = []
    for position in range(len(starts)):
        people = int((place == position).sum())
        happened = int(outcome[place == position].sum())
        is_told = people >= FEWEST_TESTED and not is_few(happened) and not is_few(people - happened)
        found.append((round(100 * happened / people), people) if is_told else None)
    return found


def lists_of(tested: Judged, *, pct: Decimal) -> tuple[int, int, int, int]:
    """(adults tested, listed, found, all it happened to) had each practice had a list of `pct` per cent of its adults.

    Ties are broken as on the registers: by person_key ascending.
    """
    adults = tested.age_years >= ADULT
    keys, codes = tested.person_keys[adults], tested.practice_codes[adults]
    outcome = tested.outcome[adults]
    order = np.lexsort((keys, -tested.risk[adults], codes))
    _, starts, sizes = np.unique(codes[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    lengths = np.repeat(np.array([capacity(int(size), pct=pct) for size in sizes], dtype=np.int64), sizes)
    is_listed = place < lengths
    return len(order), int(is_listed.sum()), int(outcome[order][is_listed].sum()), int(outcome.sum())


def is_few(people: int) -> bool:
    """Too few to be told without telling of each; nobody is not a few."""
    return 0 < people <= LARGEST_SUPPRESSED
