"""Registration over time: deaths, moves away and between practices, and people on two lists at once.

Lets people leave until each practice has exactly its real list on the as-of date.
"""

from dataclasses import replace
from datetime import date

import numpy as np

from pipeline.errors import PipelineError
from pipeline.synthetic.population.frame import Frame
from pipeline.synthetic.population.people import HISTORY_DAYS, NEVER, People, day_number

_MOVED_WITHIN, _ON_TWO_LISTS = 0.02, 0.003


def settle_lists(people: People, frame: Frame, *, death: np.ndarray, rng: np.random.Generator, as_of: date) -> People:
    """People with `death` (day number or NEVER), departures, moves and double registrations.

    Households leave and move together as far as the numbers allow. Raises PipelineError if a list cannot be filled.
    """
    today = day_number(as_of)
    left = people.left.copy()
    order, moment = rng.random(people.count), rng.random(people.count)
    first = np.unique(people.household, return_inverse=True)[1]
    order, moment = order[first], moment[first]
    for index in np.unique(people.practice[people.practice >= 0]):
        living = np.flatnonzero(
            (people.practice == index) & (death > today) & ~people.is_arriving & (people.registered <= today)
        )
        surplus = len(living) - frame.practices[index].list_size
        if surplus < 0:
            raise PipelineError(
                f"practice {frame.practices[index].code} was drawn {-surplus} people short of its list; "
                "the share of departures in population/draw.py is too small"
            )
        leaving = living[np.argsort(order[living], kind="stable")[:surplus]]
        earliest = np.maximum(people.registered[leaving], today - HISTORY_DAYS + 30)
        left[leaving] = earliest + np.floor(moment[leaving] * (today - earliest)).astype(np.int64)
    # Who has left is not known to have died.
    settled = replace(people, left=left, death=np.where(left < NEVER, NEVER, death))
    return _double(_moved(settled, frame, today, rng), frame, today, rng)


def _moved(people: People, frame: Frame, today: int, rng: np.random.Generator) -> People:
    """Some households came from another practice that has a supplier, within the history."""
    supplied = np.array([i for i, practice in enumerate(frame.practices) if practice.supplier])
    household = np.unique(people.household, return_inverse=True)[1]
    chosen = rng.random(people.count)[household] < _MOVED_WITHIN
    former = rng.choice(supplied, people.count)[household]
    moved = today - rng.integers(60, 1200, people.count)[household]
    moves = (
        chosen
        & np.isin(people.practice, supplied)
        & (former != people.practice)
        & (people.left == NEVER)
        & (people.registered < today - 1500)
        & (people.death > moved + 30)
    )
    return replace(people, former_practice=np.where(moves, former, -1), moved=np.where(moves, moved, NEVER))


def _double(people: People, frame: Frame, today: int, rng: np.random.Generator) -> People:
    """Some are on a second list too, where nobody has noticed yet or noticed late."""
    supplied = np.array([i for i, practice in enumerate(frame.practices) if practice.supplier])
    second = rng.choice(supplied, people.count)
    since = today - rng.integers(40, 1100, people.count)
    until = np.where(rng.random(people.count) < 0.5, NEVER, since + rng.integers(30, 500, people.count))
    doubled = (
        (rng.random(people.count) < _ON_TWO_LISTS)
        & np.isin(people.practice, supplied)
        & (second != people.practice)
        & (people.moved == NEVER)
        & (people.registered < since)
        & (people.last_day > since + 30)
    )
    return replace(
        people,
        second_practice=np.where(doubled, second, -1),
        second_registered=np.where(doubled, since, NEVER),
        second_left=np.where(doubled & (until <= today), np.minimum(until, people.last_day), NEVER),
    )
