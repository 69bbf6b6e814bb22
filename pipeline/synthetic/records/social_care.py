"""Adult social care as it really went: who asked, was assessed, got which services for how long, and was reviewed.

Driven by dependence. Packages at home start, grow, shrink and stop as needs move; care homes are those of the people;
carers are supported in their own name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.scene import Scene
from pipeline.synthetic.records.senders import COUNCILS

REQUEST, ASSESSMENT, SERVICE, REVIEW = range(4)
SERVICES = (
    ("Long term support: Community", "Home care"),
    ("Long term support: Community", "Day support"),
    ("Long term support: Community", "Direct payment"),
    ("Long term support: Community", "Meals"),
    ("Long term support: Residential care", "Residential care"),
    ("Long term support: Nursing care", "Nursing care"),
    ("Short term support: ST-Max", "Reablement"),
    ("Short term support: Ongoing low level", "Equipment"),
    ("Unpaid carer support: Direct to unpaid carer", "Carer direct payment"),
    ("Unpaid carer support: Support involving the person cared-for", "Respite"),
)
HOME_CARE, DAY_SUPPORT, DIRECT_PAYMENT, MEALS, RESIDENTIAL, NURSING, REABLEMENT, EQUIPMENT, CARER_PAYMENT, RESPITE = (
    range(10)
)
BY_COMMUNITY, FROM_HOSPITAL = range(2)
LONG_TERM, CARERS_OWN = range(2)
PLANNED, UNPLANNED = range(2)
TO_ASSESSMENT, TO_SERVICES, NO_ACTION, ENDED, UNCHANGED, CHANGED = range(6)
# Dependence from which a package has a second, a third and a fourth part.
_FURTHER_PARTS = (1.5, 2.2, 3.0)
_COUNCIL_PAYS = 0.65
_CARERS_KNOWN = 0.3
_PARTS = (HOME_CARE, MEALS, DAY_SUPPORT, DIRECT_PAYMENT)


@dataclass(frozen=True)
class CareEvents:
    """Events in the order of persons and days, with their true ends (NEVER while they run).

    is_carer: the event is about the person as an unpaid carer. detail: service, route, kind of assessment or reason of
    review, by event.
    """

    person: np.ndarray
    is_carer: np.ndarray
    event: np.ndarray
    start: np.ndarray
    end: np.ndarray
    detail: np.ndarray
    outcome: np.ndarray


Part = tuple[np.ndarray, ...]


def draw_care(scene: Scene) -> CareEvents:
    """Everything the councils will ever report."""
    rng = scene.block.rng
    parts = [
        *_packages(scene, rng("care_packages")),
        *_care_homes(scene, rng("care_homes")),
        *_asks(scene, rng("care_requests")),
        *_carers(scene, rng("care_carers")),
    ]
    person, event, start, end, detail, outcome, carer = (
        np.concatenate([part[place] for part in parts]) for place in range(7)
    )
    last = scene.last_day[person]
    grown_up = start - scene.people.birth[person] >= 18 * 365.25
    kept = (start <= last) & grown_up & np.isin(scene.people.borough[person], COUNCILS) & (start < scene.end)
    order = np.flatnonzero(kept)
    order = order[np.lexsort(tuple(array[order] for array in (end, detail, carer, event, start, person)))]
    # The standard's own key allows one event of a kind, person and day.
    keys = np.stack([array[order] for array in (person, event, start, detail, carer)])
    first = np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)] if len(order) else np.zeros(0, dtype=bool)
    order = order[first]
    end = np.where(last < NEVER, np.minimum(end, last), end)
    return CareEvents(
        person[order],
        carer[order].astype(bool),
        event[order],
        start[order],
        np.maximum(end, start)[order],
        detail[order],
        outcome[order],
    )


def _packages(scene: Scene, rng: np.random.Generator) -> Iterator[Part]:
    """Support at home: months in which it starts, changes its size or stops."""
    starts = scene.lives.starts
    size, since = np.zeros(scene.count, dtype=np.int64), np.full(scene.count, NEVER, dtype=np.int64)
    own = 0.25 * rng.standard_normal(scene.count)
    in_home = scene.people.care_home_from
    for step, needs in enumerate(scene.lives.dependence):
        felt = needs + own
        day = scene.to_open_day(starts[step] + rng.integers(0, int(starts[step + 1] - starts[step]), scene.count))
        drawn = rng.random(scene.count)
        here = (day >= scene.first_day) & (day <= scene.last_day) & (scene.age[step] >= 18)
        at_home = here & (day < in_home)
        backlog = 14 if step == 0 else 1  # those who had support before our years
        wants = np.minimum(backlog * 0.022 * np.maximum(felt - 1.3, 0), 0.6)
        wanted = 1 + np.searchsorted(_FURTHER_PARTS, felt)
        begins = at_home & (size == 0) & (drawn < wants)
        stops = (size > 0) & ((day >= in_home) | (here & (drawn < np.where(felt < 0.9, 0.08, 0.008))))
        changes = at_home & (size > 0) & ~stops & (wanted != size) & (drawn > 0.8)
        over = np.flatnonzero(stops | changes)
        ended = np.minimum(day, in_home)[over] - 1
        yield from _lines(over, size, since, ended)
        yield from _reviews(scene, over, since[over], ended, rng)
        yield from _way_in(np.flatnonzero(begins), day, rng)
        moved = np.flatnonzero(changes)
        yield _event(moved, REVIEW, day[moved] - 1, day[moved] - 1, UNPLANNED, CHANGED)
        begun = begins | changes
        size = np.where(begun, wanted, np.where(stops, 0, size))
        since = np.where(begun, day, np.where(stops, NEVER, since))
    running = np.flatnonzero(size > 0)
    yield from _lines(running, size, since, np.full(len(running), NEVER))
    yield from _reviews(scene, running, since[running], np.full(len(running), NEVER), rng)


def _lines(who: np.ndarray, size: np.ndarray, since: np.ndarray, end: np.ndarray) -> Iterator[Part]:
    """One line of service for each part of a package."""
    for place, part in enumerate(_PARTS):
        has = size[who] > place
        yield _event(who[has], SERVICE, since[who[has]], np.maximum(end[has], since[who[has]]), part, ENDED)


def _way_in(who: np.ndarray, day: np.ndarray, rng: np.random.Generator) -> Iterator[Part]:
    wait = 14 + rng.integers(0, 35, len(who))
    asked = day[who] - wait
    route = (rng.random(len(who)) < 0.3).astype(np.int64)
    yield _event(who, REQUEST, asked, asked + 5, route, TO_ASSESSMENT)
    yield _event(who, ASSESSMENT, asked + 7, day[who] - 3, LONG_TERM, TO_SERVICES)


def _reviews(
    scene: Scene, who: np.ndarray, since: np.ndarray, end: np.ndarray, rng: np.random.Generator
) -> Iterator[Part]:
    """A review about every year while something runs, whatever becomes of it later."""
    for year in range(1, 5):
        day = scene.to_open_day(since + 365 * year + rng.integers(-40, 60, len(who)))
        due = (since < NEVER) & (day <= end) & (day < scene.end) & (rng.random(len(who)) < 0.75)
        yield _event(who[due], REVIEW, day[due], day[due] + 4, PLANNED, UNCHANGED)


def _care_homes(scene: Scene, rng: np.random.Generator) -> Iterator[Part]:
    """Residents of care homes whom the council pays for."""
    people = scene.people
    who = np.flatnonzero((people.care_home_from < scene.end) & (rng.random(scene.count) < _COUNCIL_PAYS))
    start = people.care_home_from[who]
    service = np.where(people.care_home[who] % 3 == 0, NURSING, RESIDENTIAL)
    yield _event(who, SERVICE, start, np.full(len(who), NEVER), service, ENDED)
    asked = start - 20 - rng.integers(0, 30, len(who))
    yield _event(who, REQUEST, asked, asked + 4, BY_COMMUNITY, TO_ASSESSMENT)
    yield _event(who, ASSESSMENT, asked + 5, start - 2, LONG_TERM, TO_SERVICES)
    yield from _reviews(scene, who, start, np.full(len(who), NEVER), rng)


def _asks(scene: Scene, rng: np.random.Generator) -> Iterator[Part]:
    """Requests that lead to nothing, to equipment, or to reablement; more after acute deteriorations."""
    needs = scene.lives.dependence
    rate = np.float32(0.0008) * np.exp(np.float32(1.0) * needs + np.float32(0.2) * scene.lives.distress)
    person, day = scene.happenings(np.where(scene.age >= 18, rate, 0), rng=rng, weights=scene.clinic_hours)
    worse, then = scene.after_shocks(0.35, mean_delay=14, rng=rng)
    needy = scene.at(needs, worse, then) > 0.5
    worse, then = worse[needy], scene.to_open_day(then[needy])
    route = np.r_[np.full(len(person), BY_COMMUNITY), np.full(len(worse), FROM_HOSPITAL)]
    person, day = np.append(person, worse), np.append(day, then)
    drawn, need = rng.random(len(person)), scene.at(needs, person, day)
    short = drawn < np.minimum(0.05 + 0.1 * need + 0.25 * (route == FROM_HOSPITAL), 0.6)
    equipped = ~short & (drawn > 0.72)
    yield _event(person, REQUEST, day, day + 4, route, np.where(short | equipped, TO_SERVICES, NO_ACTION))
    begin = day[short] + 3 + rng.integers(0, 8, int(short.sum()))
    yield _event(person[short], SERVICE, begin, begin + rng.integers(21, 43, len(begin)), REABLEMENT, ENDED)
    begin = day[equipped] + 7 + rng.integers(0, 21, int(equipped.sum()))
    yield _event(person[equipped], SERVICE, begin, begin, EQUIPMENT, ENDED)


def _carers(scene: Scene, rng: np.random.Generator) -> Iterator[Part]:
    """Carers the council knows: they ask, are assessed, and some are supported for a year or so."""
    people = scene.people
    who = np.flatnonzero(people.is_carer & (rng.random(scene.count) < _CARERS_KNOWN))
    earliest = np.maximum(np.maximum(people.carer_from[who], scene.first_day[who]), scene.begin - 300)
    day = scene.to_open_day(earliest + np.floor(rng.exponential(400, len(who))).astype(np.int64))
    yield _event(who, REQUEST, day, day + 5, BY_COMMUNITY, TO_ASSESSMENT, is_carer=1)
    yield _event(who, ASSESSMENT, day + 10, day + 30, CARERS_OWN, TO_SERVICES, is_carer=1)
    helped = rng.random(len(who)) < 0.6
    service = np.where(rng.random(len(who)) < 0.7, CARER_PAYMENT, RESPITE)[helped]
    begin = day[helped] + 40
    yield _event(who[helped], SERVICE, begin, begin + rng.integers(60, 700, len(begin)), service, ENDED, is_carer=1)


def _event(
    who: np.ndarray,
    event: int,
    start: np.ndarray,
    end: np.ndarray,
    detail: np.ndarray | int,
    outcome: np.ndarray | int,
    *,
    is_carer: int = 0,
) -> Part:
    count = len(who)
    fixed = (np.broadcast_to(np.asarray(one, dtype=np.int64), count) for one in (detail, outcome, is_carer))
    return who, np.full(count, event), start, end, *fixed
