"""Ages: the United Kingdom's of mid-2023 tilted towards London's, with room for those who die in the history.

Draws people as they would be on the as-of date; who dies before it is drawn too, so that the living keep this shape.
"""

from functools import cache

import numpy as np

from pipeline.synthetic.population.frame import read_reference

# Our choice, not a published table: inner London has more people of working age and fewer old ones.
_TILT_AGES = (0, 18, 25, 40, 50, 65, 75, 90)
_TILT = (0.95, 0.9, 1.3, 1.22, 1.0, 0.9, 0.85, 0.82)
_OPEN_ENDED, _MEAN_BEYOND, _OLDEST = 90, 3.2, 106
_DEATH_LEVEL, _DEATH_SLOPE = 5.0e-6, 0.112  # yearly, about England's in 2020-22: 0.7% at 65, 6.8% at 85


def draw_ages(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(age in years on the as-of date, is female) of people who live or died in the four years before."""
    ages, weights = _weights()
    inflated = weights * (1 / survival_of_history(ages))[None, :]
    drawn = rng.choice(weights.size, count, p=inflated.ravel() / inflated.sum())
    age = ages[drawn % len(ages)] + rng.random(count)
    beyond = np.minimum(_OPEN_ENDED + rng.exponential(_MEAN_BEYOND, count), _OLDEST)
    return np.where(age >= _OPEN_ENDED, beyond, age), drawn < len(ages)


def survival_of_history(age: np.ndarray) -> np.ndarray:
    """About the share of people who would be this old today that outlived the last four years."""
    yearly = _DEATH_LEVEL * np.exp(_DEATH_SLOPE * np.maximum(age - 2, 0))
    return np.asarray(np.exp(-4 * yearly))


@cache
def drawn_per_living() -> float:
    """How many have to be drawn for one person alive on the as-of date."""
    ages, weights = _weights()
    return float((weights / survival_of_history(ages)[None, :]).sum() / weights.sum())


@cache
def _weights() -> tuple[np.ndarray, np.ndarray]:
    rows = read_reference("population")
    ages = np.array([int(row["age"]) for row in rows])
    tilt = np.interp(ages, _TILT_AGES, _TILT)
    return ages, np.array([[float(row[sex]) for row in rows] for sex in ("females", "males")]) * tilt
