"""What every writer looks at: a block's people and lives, and the ways in which things happen to them.

Draws when things happen from monthly rates; knows nothing of any extract. Matrices are step by person, float32; a row
holds from the start of its step to the start of the next.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.synthetic.records.rows import NEVER
from pipeline.synthetic.records.working_days import open_days, weekday

if TYPE_CHECKING:
    from pipeline.synthetic.latent.block import Block
    from pipeline.synthetic.latent.lives import Lives
    from pipeline.synthetic.population.people import People

DAYS_PER_MONTH = 30.4375
REFERENCE = Path(__file__).parents[1] / "reference"
# Share of a working day's work that is done on a Saturday or Sunday where a service is open at all.
_WEEKEND_SHARE = 0.06
_MONDAY_EXTRA = 1.25


def read_reference(name: str) -> list[dict[str, str]]:
    """The rows of one of the generator's reference files, as text."""
    with (REFERENCE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@dataclass(frozen=True)
class Scene:
    """A block as the writers see it."""

    block: "Block"

    @property
    def people(self) -> "People":
        return self.block.people

    @property
    def lives(self) -> "Lives":
        return self.block.lives

    @property
    def count(self) -> int:
        return len(self.people.birth)

    @property
    def begin(self) -> int:
        """The first day anything is told of."""
        return int(self.lives.starts[0])

    @property
    def end(self) -> int:
        """The day after the last one that anything can happen on."""
        return int(self.lives.starts[-1])

    @cached_property
    def months(self) -> np.ndarray:
        """Length of each step in months."""
        return np.asarray(np.diff(self.lives.starts) / DAYS_PER_MONTH)

    @cached_property
    def age(self) -> np.ndarray:
        """Years at the start of each step; negative before birth."""
        return np.asarray((self.lives.starts[:-1, None] - self.people.birth) / np.float32(365.25), dtype=np.float32)

    @cached_property
    def first_day(self) -> np.ndarray:
        """The first day on which the services of the region see each person."""
        return np.where(self.people.practice >= 0, self.people.registered, self.people.birth)

    @cached_property
    def last_day(self) -> np.ndarray:
        """The last day on which something can happen to each person here."""
        return np.asarray(np.minimum(self.people.left, self.people.death))

    @cached_property
    def deprivation(self) -> np.ndarray:
        """National tenths from the middle: 4.5 for the most deprived, -4.5 for the least."""
        return np.asarray(5.5 - self.people.decile, dtype=np.float32)

    def has(self, condition: str) -> np.ndarray:
        """Whether each person has a condition, step by person."""
        onset = self.lives.onset[:, self.lives.conditions.index(condition)]
        return np.asarray(onset <= self.lives.starts[:-1, None])

    @cached_property
    def illnesses(self) -> np.ndarray:
        """How many conditions each person has, step by person."""
        total = np.zeros(self.age.shape, dtype=np.float32)
        for condition in self.lives.conditions:
            total += self.has(condition)
        return total

    def at(self, matrix: np.ndarray, person: np.ndarray, day: np.ndarray) -> np.ndarray:
        """A quantity of the latent state for each event, taken from the step its day is in."""
        return np.asarray(matrix[self.step(day), person])

    def step(self, day: np.ndarray) -> np.ndarray:
        """The step each day is in; the first or last one for days beyond."""
        return np.clip(np.searchsorted(self.lives.starts, day, side="right") - 1, 0, len(self.lives.starts) - 2)

    def is_here(self, person: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Whether people are alive, and known to the services here, on the days."""
        return np.asarray((day >= self.first_day[person]) & (day <= self.last_day[person]))

    def happenings(
        self, rate: np.ndarray, *, rng: np.random.Generator, weights: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(person, day) of a Poisson process with monthly rates (step by person, or person alone), in order of steps.

        `weights`: relative frequency of each day from `begin` to `end` within its step (see `office_hours`).
        """
        expected = np.maximum(np.broadcast_to(rate, self.age.shape), 0) * self.months[:, None]
        edges = np.cumsum(expected.ravel(), dtype=np.float64)
        count = rng.poisson(edges[-1])
        cell = np.searchsorted(edges, np.sort(rng.random(count)) * edges[-1], side="right")
        step, person = np.divmod(np.minimum(cell, edges.size - 1), self.count)
        day = self._days_within(step, rng, weights)
        inside = self.is_here(person, day)
        return person[inside], day[inside]

    def _days_within(self, step: np.ndarray, rng: np.random.Generator, weights: np.ndarray | None) -> np.ndarray:
        first, after = self.lives.starts[step], self.lives.starts[step + 1]
        place = rng.random(len(step))
        if weights is None:
            return np.asarray(first + np.floor(place * (after - first)).astype(np.int64))
        edges = np.concatenate([[0.0], np.cumsum(weights)])
        low, high = edges[first - self.begin], edges[after - self.begin]
        day = np.searchsorted(edges, low + place * (high - low), side="right") - 1 + self.begin
        return np.asarray(np.clip(day, first, after - 1))

    @cached_property
    def open_days(self) -> np.ndarray:
        """Whether each day from `begin` to `end` and a year beyond is a working day."""
        return open_days(self.begin, self.end + 366)

    @cached_property
    def office_hours(self) -> np.ndarray:
        """Weights of days for what happens when practices are open: busy Mondays, little on days off."""
        open_, days = self.open_days[: self.end - self.begin], np.arange(self.begin, self.end)
        return np.where(open_, np.where(weekday(days) == 0, _MONDAY_EXTRA, 1.0), _WEEKEND_SHARE)

    @cached_property
    def clinic_hours(self) -> np.ndarray:
        """Weights of days for what happens by appointment: never at weekends or on holidays."""
        return self.open_days[: self.end - self.begin].astype(float)

    @cached_property
    def _next_open(self) -> np.ndarray:
        days = np.arange(len(self.open_days))
        following = np.where(self.open_days, days, len(days))
        return np.asarray(np.minimum.accumulate(following[::-1])[::-1])

    def to_open_day(self, day: np.ndarray) -> np.ndarray:
        """The day itself or the next working day; days before `begin` stay as they are."""
        place = np.clip(day - self.begin, 0, len(self._next_open) - 1)
        return np.where(day < self.begin, day, self.begin + self._next_open[place])

    def after_shocks(
        self, per_size: float, *, mean_delay: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """(person, day) of what follows acute deteriorations: a Poisson number by their size, soon after them."""
        shocks = self.lives.shocks
        times = rng.poisson(np.minimum(per_size * np.asarray(shocks.size), 20.0))
        person, day = np.repeat(shocks.person, times), np.repeat(shocks.day, times)
        day = day + np.floor(rng.exponential(mean_delay, len(day))).astype(np.int64)
        inside = self.is_here(person, day) & (day >= self.begin) & (day < self.end)
        return person[inside], day[inside]


def log_linear(scene: Scene, row: dict[str, str]) -> np.ndarray:
    """Monthly rates of a stream of the reference files: its base, from an age on, log-linear in the latent state.

    Columns: monthly_rate, age_from, by_age (per ten years beyond 50), frailty, instability, dependence, distress.
    """
    lives, age = scene.lives, scene.age
    log_rate = np.float32(row["by_age"]) * np.maximum(age - 50, 0) / np.float32(10)
    for quantity in ("frailty", "instability", "dependence", "distress"):
        slope = np.float32(row[quantity])
        if slope:
            log_rate = log_rate + slope * getattr(lives, quantity)
    return np.asarray(
        np.float32(row["monthly_rate"]) * np.exp(np.minimum(log_rate, 6)) * (age >= float(row["age_from"]))
    )


def within(day: np.ndarray) -> np.ndarray:
    """Whether days are real days at all."""
    return np.asarray(day < NEVER)
