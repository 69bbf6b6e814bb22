"""Everyone of a block before anything has happened to them: identity, household, address, date of registration."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from pipeline.synthetic.population.addresses import draw_addresses
from pipeline.synthetic.population.ages import draw_ages, drawn_per_living
from pipeline.synthetic.population.frame import Frame, blocks
from pipeline.synthetic.population.households import draw_households
from pipeline.synthetic.population.identity import (
    draw_ethnicity,
    draw_language,
    draw_names,
    draw_nhs_numbers,
    number_positions,
)
from pipeline.synthetic.population.people import ELSEWHERE_CODES, NEVER, People, day_number

HOUSEHOLDS_PER_BLOCK = 1_000_000
# Shares of a list: moved away within four years, arrive in the second week, registered elsewhere.
_LEFT, _ARRIVING, _ELSEWHERE = 0.085, 0.0006, 0.03
_YEARS_REGISTERED = 11.0
_NUMBERS_PER_PERSON = 1.02
_OTHER_NUMBER, _SUPERSEDED = 0.003, 0.008

Stream = Callable[[str], np.random.Generator]


def draw_people(frame: Frame, number: int, *, stream: Stream, as_of: date) -> People:
    """Everyone of block `number` who was, is or comes to be registered, and people elsewhere who use the services.

    Deaths, who of the living moved away, carers and care homes are not known yet (`lists`, `care`).
    """
    rng, today = stream("people"), day_number(as_of)
    practice, arrives = _practices(frame, number)
    count = len(practice)
    age, is_female = draw_ages(count, rng)
    birth = np.minimum(today - np.floor(age * 365.25).astype(np.int64), today)
    household, head = draw_households(practice, age, is_female, stream("households"))
    first = np.unique(household, return_index=True)[1]
    address = draw_addresses(frame, practice[first], stream("addresses"))
    borough, lsoa, decile, postcode = (
        getattr(address, name)[household] for name in ("borough", "lsoa", "decile", "postcode")
    )
    ethnic = draw_ethnicity(borough, decile, head, stream("ethnicity"))
    language, interpreter = draw_language(ethnic, age, head, stream("language"))
    family, given = draw_names(len(frame.family_names), len(frame.given_names), head, stream("names"))
    start = today - 2 - np.floor(rng.exponential(_YEARS_REGISTERED * 365.25, count)).astype(np.int64)
    start = np.where(rng.random(count) < 0.7, start[head], start)
    start = np.where(arrives, today + 1 + rng.integers(0, 6, count), start)
    numbers, other, superseded = _numbers(frame, number, count, stream("numbers"))
    return People(
        nhs_number=numbers,
        other_nhs_number=other,
        superseded_nhs_number=superseded,
        family_name=family,
        given_name=given,
        birth=birth,
        is_female=is_female,
        gender_code=np.where(rng.random(count) < 0.002, 9, np.where(is_female, 2, 1)),
        ethnic=ethnic,
        language=language,
        needs_interpreter=interpreter,
        household=household + number * HOUSEHOLDS_PER_BLOCK,
        borough=borough,
        lsoa=lsoa,
        decile=decile,
        postcode=postcode,
        home_postcode=postcode,
        home_lsoa=lsoa,
        practice=practice,
        elsewhere_code=rng.choice(len(ELSEWHERE_CODES), count, p=(0.4, 0.1, 0.2, 0.15, 0.15)),
        registered=np.maximum(start, birth),
        is_arriving=arrives,
        is_confidential=(rng.random(count) < 0.002) & (practice >= 0),
        **_not_yet(count),
    )


def _not_yet(count: int) -> dict[str, np.ndarray]:
    """What is settled once lives are known: nothing has happened to anybody so far."""
    days = ("care_home_from", "carer_from", "left", "death", "moved", "second_registered", "second_left")
    indices = ("care_home", "cares_for", "former_practice", "second_practice")
    return {
        "is_carer": np.zeros(count, dtype=bool),
        **{name: np.full(count, NEVER) for name in days},
        **{name: np.full(count, -1) for name in indices},
    }


def people_of_block(frame: Frame, practices: Sequence[int]) -> int:
    """How many people (entries) a block of these practices has."""
    sizes = _sizes(frame, practices)
    return int(sum(_drawn(size) for size in sizes)) + _elsewhere(sizes)


def _practices(frame: Frame, number: int) -> tuple[np.ndarray, np.ndarray]:
    """(practice of each entry, whether they arrive after the as-of date)."""
    chosen = blocks(frame)[number]
    sizes = _sizes(frame, chosen)
    parts, arrives = [], []
    for index, size in zip(chosen, sizes, strict=True):
        parts.append(np.full(_drawn(size), index))
        arrives.append(np.arange(_drawn(size)) >= _drawn(size) - _arriving(size))
    strangers = _elsewhere(sizes)
    return (
        np.concatenate([*parts, np.full(strangers, -1)]),
        np.concatenate([*arrives, np.zeros(strangers, dtype=bool)]),
    )


def _sizes(frame: Frame, practices: Sequence[int]) -> list[int]:
    return [frame.practices[index].list_size for index in practices]


def _arriving(size: int) -> int:
    return max(1, round(size * _ARRIVING))


def _drawn(size: int) -> int:
    # The root leaves room for chance: more may die than is expected.
    return int(np.ceil(size * (drawn_per_living() + _LEFT) + 0.7 * np.sqrt(size))) + _arriving(size)


def _elsewhere(sizes: Sequence[int]) -> int:
    return max(4, round(sum(sizes) * _ELSEWHERE))


def _numbers(
    frame: Frame, number: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(number, another valid number in use or '', an old number or '') per person, none of another block's."""
    needed = [int(people_of_block(frame, practices) * _NUMBERS_PER_PERSON) for practices in blocks(frame)[: number + 1]]
    offset = sum(number_positions(one) for one in needed[:-1])
    numbers = draw_nhs_numbers(needed[-1], offset=offset, rng=rng)
    spare = numbers[count:]
    other, superseded = np.full(count, "", dtype="U10"), np.full(count, "", dtype="U10")
    two, old = round(count * _OTHER_NUMBER), round(count * _SUPERSEDED)
    chosen = rng.permutation(count)[: two + old]
    other[chosen[:two]], superseded[chosen[two:]] = spare[:two], spare[two : two + old]
    return numbers[:count], other, superseded
