"""Referrals to teams in the community and their contacts, as community and mental health services both have them.

A referral opens with a day, has contacts some days apart, and closes after the last one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.scene import Scene, log_linear

_LATE_SHARE = 0.05
# Teams for people in need of help: hardly anyone below this dependence, the more often the more help they need.
_NEED_FROM, _LEAST_NEED = np.float32(0.25), np.float32(0.02)


@dataclass(frozen=True)
class Referrals:
    """Referrals in the order of their day, and contacts in the order of referrals.

    team: index; source: index into whatever the service uses. of: the referral of each contact; turn: number of the
    contact within it, from 1; told: the day on which the contact is on the system.
    """

    person: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    team: np.ndarray
    of: np.ndarray
    turn: np.ndarray
    day: np.ndarray
    told: np.ndarray
    drawn: np.ndarray

    @property
    def contact_person(self) -> np.ndarray:
        return np.asarray(self.person[self.of])


Asked = Callable[[dict[str, str], np.random.Generator], Iterator[tuple[np.ndarray, np.ndarray]]]


def draw_referrals(
    scene: Scene, teams: list[dict[str, str]], *, more: Asked, by_dependence: bool, rng: np.random.Generator
) -> Referrals:
    """Referrals of all teams: Poisson streams of the reference file, and what `more` yields for a team besides."""
    person, opened, team, times = (
        np.concatenate(part) for part in zip(*_opened(scene, teams, more, by_dependence, rng), strict=True)
    )
    order = np.lexsort((team, person, opened))
    person, opened, team, times = (array[order] for array in (person, opened, team, times))
    between = np.array([float(row["days_between"]) for row in teams])[team]
    of = np.repeat(np.arange(len(person)), times)
    turn = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    gap = 1 + np.floor(rng.exponential(between[of])).astype(np.int64)
    total = np.cumsum(gap)
    started = (total - gap)[np.minimum(np.cumsum(times) - times, max(len(gap) - 1, 0))]
    day = opened[of] + total - np.repeat(started, times)
    last = scene.last_day[person]
    closed = opened + 7 + np.floor(rng.exponential(between)).astype(np.int64)
    np.maximum.at(closed, of, day + 5)
    kept = scene.is_here(person[of], day) & (day < scene.end)
    of, turn, day = of[kept], turn[kept], day[kept]
    late = rng.random(len(day)) < _LATE_SHARE
    return Referrals(
        person=person,
        opened=opened,
        closed=np.where(closed < scene.end + 90, np.minimum(closed, last), NEVER),
        team=team,
        of=of,
        turn=turn + 1,
        day=day,
        told=np.where(late, day + rng.integers(3, 50, len(day)), day),
        drawn=rng.random((3, len(day))),
    )


def _opened(
    scene: Scene, teams: list[dict[str, str]], more: Asked, by_dependence: bool, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, ...]]:
    """person, day, team and number of contacts of each referral."""
    for place, row in enumerate(teams):
        rate = log_linear(scene, row)
        if row.get("by_need") == "1":
            rate = rate * (_LEAST_NEED + np.maximum(scene.lives.dependence - _NEED_FROM, 0))
        if row.get("condition"):
            rate = np.where(scene.has(row["condition"]), rate * np.float32(row["times_if_present"]), rate)
        parts = [scene.happenings(rate, rng=rng, weights=scene.office_hours), *more(row, rng)]
        person, day = (np.concatenate([part[which] for part in parts]) for which in range(2))
        inside = scene.is_here(person, day) & (day < scene.end)
        person, day = person[inside], day[inside]
        mean = np.full(len(person), float(row["contacts"]))
        if by_dependence:
            needs = scene.at(scene.lives.dependence, person, day)
            mean = mean * np.exp(float(row["contacts_by_dependence"]) * needs)
        spread = rng.gamma(2.0, 0.5, len(person))
        yield person, day, np.full(len(person), place), rng.poisson(np.minimum(mean * spread, 60))


def month_of(day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of the calendar month each day is in."""
    month = np.asarray(day).astype("datetime64[D]").astype("datetime64[M]")
    first = month.astype("datetime64[D]").astype(np.int64)
    return first, (month + 1).astype("datetime64[D]").astype(np.int64) - 1


def period_of(day: np.ndarray, period: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
    """The reporting period of each row: the given one, or the calendar month of its day."""
    if period is None:
        return month_of(day)
    return np.full(len(day), period[0]), np.full(len(day), period[1])
