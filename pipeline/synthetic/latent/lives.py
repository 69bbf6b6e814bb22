"""The lives of a block as arrays, and reading a quantity of them on exact days."""

from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.latent.process import fade


@dataclass(frozen=True)
class Shocks:
    """Acute deteriorations in the order of person and day: a new one adds `size` to instability on its day."""

    person: np.ndarray
    day: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class Admissions:
    """Emergency admissions in the order of day and person."""

    person: np.ndarray
    day: np.ndarray


@dataclass(frozen=True)
class Lives:
    """Four years and three months of every life of a block.

    starts: day numbers of the monthly grid, one more than steps. frailty, function_loss, dependence, instability,
    distress: the state on the first day of each step, float32 [step, person]. hazard: expected emergency admissions
    per month within each step. onset: exact day each condition began, NEVER if it has not [person, condition].
    death: day or NEVER. admissions: all emergency admissions, drawn from the hazard.
    """

    starts: np.ndarray
    conditions: tuple[str, ...]
    frailty: np.ndarray
    function_loss: np.ndarray
    dependence: np.ndarray
    instability: np.ndarray
    distress: np.ndarray
    hazard: np.ndarray
    onset: np.ndarray
    shocks: Shocks
    admissions: Admissions
    death: np.ndarray

    @property
    def steps(self) -> int:
        return len(self.starts) - 1

    def has(self, condition: str, day: int | np.ndarray) -> np.ndarray:
        """Whether each person has a condition on a day (or each on a day of their own)."""
        return np.asarray(self.onset[:, self.conditions.index(condition)] <= day)

    def step_of(self, day: np.ndarray) -> np.ndarray:
        """The step each day is in; the first or last for days outside."""
        return np.asarray(np.clip(np.searchsorted(self.starts, day, side="right") - 1, 0, self.steps - 1))

    def at(self, quantity: str, person: np.ndarray, day: np.ndarray) -> np.ndarray:
        """A quantity for each (person, day): between the grid's days in a straight line, instability exactly."""
        matrix = getattr(self, quantity)
        step = self.step_of(day)
        if quantity == "hazard":
            return np.asarray(matrix[step, person])
        if quantity == "instability":
            return self._instability(person, day, step)
        following = np.minimum(step + 1, self.steps - 1)
        share = np.clip((day - self.starts[step]) / np.diff(self.starts)[step], 0, 1)
        return np.asarray(matrix[step, person] * (1 - share) + matrix[following, person] * share)

    def _instability(self, person: np.ndarray, day: np.ndarray, step: np.ndarray) -> np.ndarray:
        shocks, first = self.shocks, int(self.starts[0])
        span = int(self.starts[-1]) - first + 1
        key = shocks.person * span + (shocks.day - first)
        own = self.step_of(shocks.day)
        grown = np.concatenate([[0.0], np.cumsum(shocks.size / fade(shocks.day - self.starts[own]))])
        day = np.clip(day, first, self.starts[-1])
        begin = np.searchsorted(key, person * span + (self.starts[step] - first), side="left")
        end = np.searchsorted(key, person * span + (day - first), side="right")
        since = grown[np.maximum(end, begin)] - grown[begin]
        return np.asarray((self.instability[step, person] + since) * fade(day - self.starts[step]))
