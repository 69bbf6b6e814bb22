"""Care homes and carers: who moves into a home, and who looks after whom, from how much help people need.

A resident has the address of the home. Carers are partners, children and others of the same practices.
"""

from dataclasses import replace

import numpy as np

from pipeline.synthetic.population.addresses import HOMES_PER_COUNCIL, care_homes
from pipeline.synthetic.population.frame import COUNCILS, Frame
from pipeline.synthetic.population.people import NEVER, People

_YOUNGEST_RESIDENT = 65
_ENTERS, _FROM_NEED, _BACKLOG = 0.0035, 1.4, 20
_NEEDS_CARER = 1.0
_CARED_FOR = 0.5
_ALSO_CARES = 0.02  # adults who look after somebody who is not with our practices


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
        open_to = old & (since == NEVER) & (people.last_day > start + 30) & np.isin(people.borough, COUNCILS)
        enters = np.flatnonzero(open_to & (rng.random(people.count) < np.minimum(chance, 0.8)))
        earlier = rng.integers(0, 900, len(enters)) if step == 0 else -rng.integers(0, 28, len(enters))
        since[enters] = start - earlier
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
    """Half of carers live with the person; the rest are adults of middle age somewhere in the block."""
    today = int(starts[-4])
    adult = (today - people.birth) / 365.25 >= 18
    free = adult & (people.last_day > today) & (people.care_home < 0)
    first = np.where((needs >= _NEEDS_CARER).any(axis=0), (needs >= _NEEDS_CARER).argmax(axis=0), -1)
    wanting = np.flatnonzero((first >= 0) & (people.care_home < 0) & (rng.random(people.count) < _CARED_FOR))
    _, household = np.unique(people.household, return_inverse=True)
    cares_for, since = np.full(people.count, -1), np.full(people.count, NEVER)
    capable = np.flatnonzero(free & (needs[-4] < _NEEDS_CARER))
    partner = np.full(int(household.max()) + 1, -1)
    partner[household[capable]] = capable
    carer = partner[household[wanting]]
    age = (today - people.birth) / 365.25
    helpers = capable[(age[capable] > 40) & (age[capable] < 72)]
    if len(helpers):
        carer = np.where(carer < 0, helpers[rng.integers(0, len(helpers), len(wanting))], carer)
    found = (carer >= 0) & (carer != wanting)
    cares_for[carer[found]] = wanting[found]
    since[carer[found]] = starts[np.maximum(first[wanting[found]], 0)] - rng.integers(0, 400, int(found.sum()))
    more = free & (cares_for < 0) & (rng.random(people.count) < _ALSO_CARES)
    since = np.where(more, today - rng.integers(0, 3000, people.count), since)
    since = np.where(since < NEVER, np.maximum(since, people.birth + 14 * 365), since)
    return replace(people, is_carer=since < NEVER, cares_for=cares_for, carer_from=since)
