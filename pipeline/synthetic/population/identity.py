"""Who people say they are: NHS numbers that are never issued, ethnicity and language, names.

NHS numbers come from 999 000 0000 to 999 999 9999; a region too large for these goes on from 998 000 0000, which is
in the same range of numbers not to be issued (900 000 0000 to 999 999 9999).
"""

import numpy as np

from pipeline.synthetic.population.frame import read_reference
from pipeline.synthetic.population.people import ETHNIC_CODES

_FIRST, _SECOND, _IN_RANGE = 999_000_000, 998_000_000, 1_000_000
_SAME_GROUP, _SAME_NAME = 0.85, 0.75


def number_positions(count: int) -> int:
    """Positions a block reserves so that this many numbers have a check digit: one in eleven has none."""
    return int(count * 1.12) + 60


def draw_nhs_numbers(count: int, *, offset: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct valid numbers of ten digits from this block's own positions (`offset` on, `number_positions` of them).

    Modulus 11, weights 10 to 2 (NHS Data Dictionary, NHS NUMBER); a check digit of 10 means the number is not used.
    """
    position = offset + rng.permutation(number_positions(count))
    first_nine = np.where(position < _IN_RANGE, _FIRST + position, _SECOND + position - _IN_RANGE)
    total = np.zeros(len(first_nine), dtype=np.int64)
    for digit in range(9):
        total += (first_nine // 10 ** (8 - digit) % 10) * (10 - digit)
    check = (11 - total % 11) % 11
    # Ten nines have a right check digit and are what systems write for an unknown number.
    usable = (check != 10) & (first_nine != 999_999_999)
    return np.asarray((first_nine[usable][:count] * 10 + check[usable][:count]).astype("U10"))


def draw_ethnicity(borough: np.ndarray, decile: np.ndarray, head: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ethnic group (index into ETHNIC_CODES), by borough and deprivation; most of a household have that of its head."""
    rows = read_reference("ethnicity")
    if [row["ethnic_code"] for row in rows] != list(ETHNIC_CODES):
        raise ValueError("ethnicity.csv does not list the ethnic categories in their order")
    tilt = np.array([float(row["deprivation"]) for row in rows])
    ethnic = np.zeros(len(borough), dtype=np.int64)
    for code in np.unique(borough):
        column = str(code) if str(code) in rows[0] else "elsewhere"
        share = np.array([float(row[column]) for row in rows])
        for tenth in range(1, 11):
            here = np.flatnonzero((borough == code) & (decile == tenth))
            weight = share * np.exp(tilt * (5.5 - tenth))
            ethnic[here] = rng.choice(len(rows), len(here), p=weight / weight.sum())
    return np.where(rng.random(len(head)) < _SAME_GROUP, ethnic[head], ethnic)


def draw_language(
    ethnic: np.ndarray, age: np.ndarray, head: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(main language as an ISO 639-1 code, needs an interpreter) per person."""
    rows = read_reference("languages")
    language = np.full(len(ethnic), "en", dtype="U2")
    for index, code in enumerate(ETHNIC_CODES):
        own = [row for row in rows if row["ethnic_code"] == code]
        here = np.flatnonzero(ethnic == index)
        share = np.array([float(row["share"]) for row in own])
        language[here] = rng.choice(np.array([row["language"] for row in own]), len(here), p=share / share.sum())
    language = np.where(ethnic[head] == ethnic, language[head], language)
    need = np.where(age < 18, 0.0, np.where(age < 60, 0.14, 0.42))
    return language, (language != "en") & (rng.random(len(ethnic)) < need)


def draw_names(families: int, given: int, head: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(family name, given name) as indices; most of a household share the first."""
    family = rng.integers(0, families, len(head))
    return np.where(rng.random(len(head)) < _SAME_NAME, family[head], family), rng.integers(0, given, len(head))
