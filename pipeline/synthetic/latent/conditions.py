"""When long-term conditions begin: hazards by age, sex, deprivation, ethnicity and what stays with a person.

Each person has an exponential clock per condition; it runs down with the cumulative hazard, faster while they are
frail, and the day it reaches nought is the day of onset. Levels are ours, tuned so that recorded prevalence lands near
the facts (condition_onset.csv).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from pipeline.synthetic.population.frame import read_reference
from pipeline.synthetic.population.people import NEVER

ONSET_BY_FRAILTY = 0.3
PALLIATIVE = "palliative"
# Who is near the end of life: how many times likelier with these.
_TOWARDS_PALLIATIVE = {"cancer": 14.0, "dementia": 5.0, "heart_failure": 5.0, "copd": 3.0}
_KNOTS = np.arange(0, 100, 10)
_OLDEST = 120


@cache
def load_conditions() -> "Conditions":
    """The twenty conditions with their effects, in the file's order."""
    rows = read_reference("condition_onset")

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in rows])

    relative = np.array([[float(row[f"age_{knot}"]) for knot in _KNOTS] for row in rows])
    middle = np.arange(_OLDEST) + 0.5
    yearly = np.array([np.interp(middle, _KNOTS, one) for one in relative]) * column("per_1000")[:, None] / 1000
    return Conditions(
        names=tuple(row["condition"] for row in rows),
        cumulative=np.concatenate([np.zeros((len(rows), 1)), np.cumsum(yearly, axis=1)], axis=1).astype(np.float32),
        female=column("female"),
        deprivation=column("deprivation"),
        south_asian=column("south_asian"),
        black=column("black"),
        constitution=column("constitution"),
        metabolic=column("metabolic"),
        smoking=column("smoking"),
        on_shock=column("on_shock").astype(np.float32),
        on_hazard=column("on_hazard").astype(np.float32),
        on_death=column("on_death").astype(np.float32),
        on_dependence=column("on_dependence").astype(np.float32),
        on_distress=column("on_distress").astype(np.float32),
        recorded_share=column("recorded_share"),
    )


def consumed(conditions: "Conditions", age: np.ndarray) -> np.ndarray:
    """Cumulative hazard of each condition at these ages in years, for a person of average risk: [person, condition]."""
    inside = np.clip(age, 0, _OLDEST - 1e-3).astype(np.float32)
    year = inside.astype(np.int64)
    table = conditions.cumulative.T
    return np.asarray(table[year] + (inside - year)[:, None] * (table[year + 1] - table[year]))


def earlier_onsets(
    conditions: "Conditions", *, rate: np.ndarray, clock: np.ndarray, birth: np.ndarray, day: int
) -> tuple[np.ndarray, np.ndarray]:
    """(day of onset or NEVER, what is left on the clock) on the first day, from a life of constant relative rates."""
    age = (day - birth) / 365.25
    used = consumed(conditions, age) * rate
    # Nobody has long been near the end of life: that begins within the history.
    used[:, conditions.names.index(PALLIATIVE)] = 0
    began = (used >= clock) & (age[:, None] > 0)
    onset = np.full(clock.shape, NEVER)
    for column in range(clock.shape[1]):
        who = np.flatnonzero(began[:, column])
        at = np.interp(clock[who, column] / rate[who, column], conditions.cumulative[column], np.arange(_OLDEST + 1.0))
        onset[who, column] = np.clip(birth[who] + np.floor(at * 365.25).astype(np.int64), birth[who], day)
    return onset, np.where(began, np.inf, np.maximum(clock - used, 1e-7)).astype(np.float32)


def palliative_ratio(conditions: "Conditions", has: np.ndarray) -> np.ndarray:
    """How many times likelier palliative care is for each person, by what they have: [person]."""
    ratio = np.ones(len(has), dtype=np.float32)
    for name, times in _TOWARDS_PALLIATIVE.items():
        ratio *= np.where(has[:, conditions.names.index(name)], np.float32(times), np.float32(1))
    return np.minimum(ratio, np.float32(40))


@dataclass(frozen=True)
class Conditions:
    """Columns of condition_onset.csv, one entry per condition.

    cumulative: expected onsets by age 0 to 120 [condition, age]. female, south_asian, black: ratios of hazards.
    deprivation (per tenth), constitution, metabolic (per standard deviation), smoking (per step): logs of ratios.
    on_*: what having it adds to the log hazards of admission and death, to the score of dependence, to the mean of
    distress; on_shock: the deterioration it begins with. recorded_share: of those who have it, coded by a practice.
    """

    names: tuple[str, ...]
    cumulative: np.ndarray
    female: np.ndarray
    deprivation: np.ndarray
    south_asian: np.ndarray
    black: np.ndarray
    constitution: np.ndarray
    metabolic: np.ndarray
    smoking: np.ndarray
    on_shock: np.ndarray
    on_hazard: np.ndarray
    on_death: np.ndarray
    on_dependence: np.ndarray
    on_distress: np.ndarray
    recorded_share: np.ndarray
