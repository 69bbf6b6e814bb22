"""Care homes and carers: who moves into a home, and who looks after whom, from how much help people need.

A resident has the address of the home. Carers are partners, children and others of the same practices.
"""

from dataclasses import replace

import numpy as np

from pipeline.synthetic.population.addresses import HOMES_PER_COUNCIL, care_homes
from pipeline.synthetic.population.frame import COUNCILS, Frame
from pipeline.synthetic.population.people import NEVER, People

_YOUNGEST_RESIDENT = 65
_ENTERS, _FROM_NEED, _BACKLOG = 0.005, 1.4, 20
_PER_YEAR_OF_AGE = 0.09  # how much likelier with every year beyond 82, at the same need
_NEEDS_CARER = 1.0
_CARED_FOR = 0.43
_BEFORE = 400  # days by which care may begin before the need is plain
_ASKED = 6  # people asked for each in need whom nobody at home can look after
_ALSO_CARES = 0.016  # adults who look after somebody who is not with our practices


def settle_care(
    people: People, frame: Frame, *, starts: np.ndarray, needs: np.ndarray, seed: int, rng: np.random.Generator
) -> People:
    """People with care homes and carers. `needs`: dependence [step, person] on the days `starts`."""
    housed = _homes(people, frame, starts, needs, seed, rng)
    return _carers(housed, starts, needs, rng)


def _homes(
    people: People, frame: Frame, starts: np.ndarray, needs: np.ndarray, seed: int, rng: np.random.Generator
) -> People:
    since = np.full(people.count, NEVER)
    old = (starts[-1] - people.birth) / 365.25 > _YOUNGEST_RESIDENT
    for step, start in enumerate(starts[:-1]):
        chance = _ENTERS * (_BACKLOG if step == 0 else 1) * np.maximum(needs[step] - _FROM_NEED, 0) ** 1.5
        chance = chance * np.exp(_PER_YEAR_OF_AGE * np.clip((start - people.birth) / 365.25 - 82, -20, 14))
        open_to = old & (since == NEVER) & (people.last_day > start) & np.isin(people.borough, COUNCILS)
        enters = np.flatnonzero(open_to & (rng.random(people.count) < np.minimum(chance, 0.8)))
        earlier = rng.integers(0, 900, len(enters)) if step == 0 else -rng.integers(0, 28, len(enters))
        since[enters] = start - earlier
    since = np.where(since <= people.last_day, since, NEVER)  # who dies or leaves before the day does not move in
    who = np.flatnonzero(since < NEVER)
    homes = care_homes(frame, seed=seed)
    council = np.array([COUNCILS.index(str(code)) for code in people.borough[who]], dtype=np.int64)
    elsewhere = rng.random(len(who)) < 0.1
    council = np.where(elsewhere, rng.integers(0, len(COUNCILS), len(who)), council)
    home = np.full(people.count, -1)
    home[who] = council * HOMES_PER_COUNCIL + rng.integers(0, HOMES_PER_COUNCIL, len(who))
    inside = home >= 0
    return replace(
        people,
        care_home=home,
        care_home_from=since,
        borough=np.where(inside, homes.borough[home], people.borough),
        lsoa=np.where(inside, homes.lsoa[home], people.lsoa),
        decile=np.where(inside, homes.decile[home], people.decile),
        postcode=np.where(inside, homes.postcode[home], people.postcode),
    )


def _carers(people: People, starts: np.ndarray, needs: np.ndarray, rng: np.random.Generator) -> People:
    """Half of carers live with the person; the rest are adults of middle age somewhere in the block.

    Who can care is settled by how things stand on the day the need begins: nothing of what comes later is looked at.
    """
    today = int(starts[-4])
    in_need = needs >= _NEEDS_CARER
    first = np.where(in_need.any(axis=0), in_need.argmax(axis=0), -1)
    at_home = people.care_home_from > starts[np.maximum(first, 0)]
    wanting = np.flatnonzero((first >= 0) & at_home & (rng.random(people.count) < _CARED_FOR))
    begins = starts[first[wanting]]
    carer = _live_in(people, wanting, begins, needs, first[wanting])
    helper = rng.integers(0, people.count, (_ASKED, len(wanting)))
    for asked in helper:
        suits = _can_care(people, asked, begins, needs, first[wanting]) & (begins - people.birth[asked] > 40 * 365.25)
        suits &= begins - people.birth[asked] < 72 * 365.25
        carer = np.where((carer < 0) & suits, asked, carer)
    found = np.flatnonzero((carer >= 0) & (carer != wanting))
    cares_for, since = np.full(people.count, -1), np.full(people.count, NEVER)
    cares_for[carer[found]] = wanting[found]
    since[carer[found]] = begins[found] - rng.integers(0, _BEFORE, len(found))
    also = today - rng.integers(0, 3000, people.count)
    grown_up = (also - people.birth) / 365.25 >= 18
    more = grown_up & (people.last_day > also) & (cares_for < 0) & (rng.random(people.count) < _ALSO_CARES)
    since = np.where(more, also, since)
    since = np.where(since < NEVER, np.maximum(since, people.birth + 14 * 365), since)
    return replace(people, is_carer=since < NEVER, cares_for=cares_for, carer_from=since)


def _live_in(
    people: People, wanting: np.ndarray, begins: np.ndarray, needs: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """Who of the same household can look after each person when the need begins, -1 for nobody."""
    order = np.argsort(people.household, kind="stable")
    household = people.household[order]
    low, high = (np.searchsorted(household, people.household[wanting], side=side) for side in ("left", "right"))
    carer = np.full(len(wanting), -1)
    for place in range(int((high - low).max()) if len(wanting) else 0):
        other = order[np.minimum(low + place, high - 1)]
        suits = _can_care(people, other, begins, needs, step) & (other != wanting)
        carer = np.where((carer < 0) & suits, other, carer)
    return carer


def _can_care(people: People, person: np.ndarray, day: np.ndarray, needs: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Adults who on a day are alive, here, at home and in no such need themselves."""
    here = (people.last_day[person] > day) & (people.care_home_from[person] > day)
    grown_up = day - people.birth[person] >= 18 * 365.25 + _BEFORE  # of age when the care began
    return np.asarray(here & grown_up & (needs[step, person] < _NEEDS_CARER))
