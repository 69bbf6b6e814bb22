"""Who lives in the invented region: identity, address, deprivation and registration of every person.

Nobody here exists. NHS numbers are from 999 000 0000 to 999 999 9999 with a right check digit; inward parts of
postcodes use letters that no real one uses; names are built from syllables. Says nothing about health.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipeline.synthetic.frame import HACKNEY, HARINGEY, ISLINGTON, Frame, read_reference

FIRST_NINE = 999_000_000
HISTORY_DAYS = 1461
# Shares of a list: people who moved away or died in the four years, and arrivals of the second week.
_LEFT, _MORTAL, _ARRIVING = 0.08, 0.055, 0.0006
_ELSEWHERE_SHARE = 0.03
_ETHNIC = (
    "ABCDEFGHJKLMNPRSZ",
    (36, 3, 17, 2, 1.5, 1.5, 2, 3, 1.5, 3, 3, 4.5, 8, 2, 1.5, 5, 5.5),
)
ELSEWHERE_CODES = ("V81997", "V81999", "F84006", "F82002", "E85005")
_UNUSED_LETTERS = "CIKMOV"  # never in an inward part (Royal Mail)


def draw_people(frame: Frame, *, rng: np.random.Generator, as_of: date) -> "People":
    """Everyone who was, is or comes to be registered, and people registered elsewhere who use the hospitals.

    Deaths and who of the living moved away are not known yet (`settle_lists`).
    """
    today = day_number(as_of)
    sizes = np.array([practice.list_size for practice in frame.practices])
    arriving = np.maximum(1, np.rint(sizes * _ARRIVING)).astype(int)
    per_practice = np.ceil(sizes * (1 + _LEFT + _MORTAL)).astype(int) + 3 + arriving
    elsewhere = max(4, round(sizes.sum() * _ELSEWHERE_SHARE))
    practice = np.concatenate([np.repeat(np.arange(len(sizes)), per_practice), np.full(elsewhere, -1)])
    count = len(practice)
    age, is_female = _draw_ages(count, rng)
    birth = np.minimum(today - np.floor(age * 365.25).astype(int), today)
    start = np.maximum(birth, today - 2 - np.floor(rng.exponential(13 * 365.25, count)).astype(int))
    borough, lsoa, decile = _draw_areas(frame, practice, rng)
    arrives = _last_of_each(practice, arriving)
    start = np.where(arrives, today + 1 + rng.integers(0, 6, count), start)
    return People(
        nhs_number=draw_nhs_numbers(count, rng=rng),
        family_name=rng.integers(0, len(frame.family_names), count),
        given_name=rng.integers(0, len(frame.given_names), count),
        birth=birth,
        is_female=is_female,
        gender_code=np.where(rng.random(count) < 0.002, 9, np.where(is_female, 2, 1)),
        ethnic=rng.choice(len(_ETHNIC[0]), count, p=np.array(_ETHNIC[1]) / sum(_ETHNIC[1])),
        borough=borough,
        lsoa=lsoa,
        decile=decile,
        postcode=_draw_postcodes(frame, borough, rng),
        practice=practice,
        elsewhere_code=rng.choice(len(ELSEWHERE_CODES), count, p=(0.4, 0.1, 0.2, 0.15, 0.15)),
        registered=np.maximum(start, birth),
        left=np.full(count, NEVER),
        death=np.full(count, NEVER),
        is_arriving=arrives,
        is_confidential=(rng.random(count) < 0.002) & (practice >= 0),
        former_practice=np.full(count, -1),
        moved=np.full(count, NEVER),
    )


def settle_lists(
    people: "People", frame: Frame, *, death: np.ndarray, rng: np.random.Generator, as_of: date
) -> "People":
    """Let people move away until each practice has exactly its real list on the as-of date.

    `death` is the day number of death or NEVER. Also lets some have moved between practices earlier.
    """
    today = day_number(as_of)
    left = people.left.copy()
    for index, practice in enumerate(frame.practices):
        living = np.flatnonzero(
            (people.practice == index) & (death > today) & ~people.is_arriving & (people.registered <= today)
        )
        leaving = rng.permutation(living)[: max(0, len(living) - practice.list_size)]
        earliest = np.maximum(people.registered[leaving], today - HISTORY_DAYS + 30)
        left[leaving] = earliest + np.floor(rng.random(len(leaving)) * (today - earliest)).astype(int)
    former, moved = people.former_practice.copy(), people.moved.copy()
    supplied = [i for i, practice in enumerate(frame.practices) if practice.supplier]
    candidates = np.flatnonzero(
        np.isin(people.practice, supplied)
        & (left == NEVER)
        & (people.registered < today - 1500)
        & (rng.random(people.count) < 0.006)
    )
    for person in candidates:
        others = [i for i in supplied if i != people.practice[person]]
        former[person] = others[int(rng.integers(len(others)))]
        moved[person] = today - int(rng.integers(60, 1200))
    # Who dies first does not move; who has left is not known to have died.
    dies_before = death <= np.minimum(left, moved + 30)
    former, moved = np.where(dies_before, -1, former), np.where(dies_before, NEVER, moved)
    return replace(people, left=left, death=np.where(left < NEVER, NEVER, death), former_practice=former, moved=moved)


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return (day - date(1970, 1, 1)).days


def draw_nhs_numbers(count: int, *, rng: np.random.Generator) -> np.ndarray:
    """Distinct numbers of the range for invented people, as text of ten digits.

    Modulus 11, weights 10 to 2 (NHS Data Dictionary, NHS NUMBER); a check digit of 10 means the number is not used.
    """
    first_nine = FIRST_NINE + rng.permutation(1_000_000)
    total = np.zeros(len(first_nine), dtype=np.int64)
    for position in range(9):
        total += (first_nine // 10 ** (8 - position) % 10) * (10 - position)
    check = (11 - total % 11) % 11
    usable = check != 10
    return np.asarray((first_nine[usable][:count] * 10 + check[usable][:count]).astype("U10"))


def _draw_ages(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows = read_reference("population")
    ages = np.array([int(row["age"]) for row in rows])
    # London has more people of working age and fewer old ones than the United Kingdom.
    tilt = np.interp(ages, [0, 18, 25, 40, 50, 65, 90], [0.95, 0.9, 1.35, 1.25, 1.0, 0.85, 0.8])
    weights = np.concatenate([np.array([float(row[sex]) for row in rows]) * tilt for sex in ("females", "males")])
    drawn = rng.choice(2 * len(ages), count, p=weights / weights.sum())
    age = ages[drawn % len(ages)] + rng.random(count)
    age = np.where(age >= 90, np.minimum(90 + rng.exponential(3.0, count), 106), age)
    return age, drawn < len(ages)


def _draw_areas(
    frame: Frame, practice: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    boroughs = sorted(frame.areas)
    home = np.array([boroughs.index(p.borough_code) for p in frame.practices] + [boroughs.index(HACKNEY)])
    other = rng.integers(0, len(boroughs), len(practice))
    borough = np.where(rng.random(len(practice)) < 0.88, home[practice], other)
    # Islington and Haringey are neighbours: more cross that line than any other.
    swap = rng.random(len(practice)) < 0.03
    swapped = {boroughs.index(ISLINGTON): boroughs.index(HARINGEY), boroughs.index(HARINGEY): boroughs.index(ISLINGTON)}
    borough = np.where(swap, [swapped.get(b, b) for b in borough], borough)
    lsoa = np.empty(len(practice), dtype="U9")
    decile = np.empty(len(practice), dtype=np.int64)
    for index, code in enumerate(boroughs):
        here = np.flatnonzero(borough == index)
        chosen = rng.integers(0, len(frame.areas[code]), len(here))
        lsoa[here] = np.array([area for area, _ in frame.areas[code]])[chosen]
        decile[here] = np.array([tenth for _, tenth in frame.areas[code]])[chosen]
    return np.array(boroughs)[borough], lsoa, decile


def _draw_postcodes(frame: Frame, borough: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    letters = np.array(list(_UNUSED_LETTERS))
    count = len(borough)
    outward = np.empty(count, dtype="U4")
    for code in sorted(frame.outwards):
        here = np.flatnonzero(borough == code)
        outward[here] = rng.choice(np.array(frame.outwards[code]), len(here))
    inward = np.char.add(rng.integers(1, 10, count).astype("U1"), rng.choice(letters, count))
    return np.char.add(np.char.add(outward, " "), np.char.add(inward, rng.choice(letters, count)))


def _last_of_each(practice: np.ndarray, counts: np.ndarray) -> np.ndarray:
    chosen = np.zeros(len(practice), dtype=bool)
    for index, wanted in enumerate(counts):
        chosen[np.flatnonzero(practice == index)[-wanted:]] = True
    return chosen


NEVER = 10**6  # a day number far beyond any other


@dataclass(frozen=True)
class People:
    """One entry per person in every array. Days are day numbers; NEVER where it has not happened.

    practice: index into the frame, -1 registered elsewhere. family_name, given_name, ethnic: indices.
    """

    nhs_number: np.ndarray
    family_name: np.ndarray
    given_name: np.ndarray
    birth: np.ndarray
    is_female: np.ndarray
    gender_code: np.ndarray
    ethnic: np.ndarray
    borough: np.ndarray
    lsoa: np.ndarray
    decile: np.ndarray
    postcode: np.ndarray
    practice: np.ndarray
    elsewhere_code: np.ndarray
    registered: np.ndarray
    left: np.ndarray
    death: np.ndarray
    is_arriving: np.ndarray
    is_confidential: np.ndarray
    former_practice: np.ndarray
    moved: np.ndarray

    @property
    def count(self) -> int:
        return len(self.birth)

    @property
    def last_day(self) -> np.ndarray:
        """The last day on which something can happen to each person here."""
        return np.asarray(np.minimum(self.left, self.death))

    @property
    def ethnic_codes(self) -> np.ndarray:
        return np.asarray(np.array(list(_ETHNIC[0]))[self.ethnic])
