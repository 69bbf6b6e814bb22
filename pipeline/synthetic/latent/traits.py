"""What stays with a person for life: constitution, vulnerability, metabolism, smoking, habit of seeing doctors."""

from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.latent.conditions import ONSET_BY_FRAILTY, Conditions, load_conditions
from pipeline.synthetic.population.frame import read_reference
from pipeline.synthetic.population.people import People

CONSTITUTION_IN_FRAILTY = 0.8


def draw_traits(people: People, *, rng: np.random.Generator) -> "Traits":
    """Traits and the clocks of all conditions; nothing of it is written down by anybody."""
    conditions = load_conditions()
    count = people.count
    constitution, vulnerability, metabolic = rng.standard_normal((3, count)).astype(np.float32)
    deprivation = (5.5 - people.decile).astype(np.float32)
    current = 0.13 * np.exp(0.09 * deprivation)
    smoking = np.where(rng.random(count) < current, 2, np.where(rng.random(count) < 0.3, 1, 0))
    groups = np.array([row["group"] for row in read_reference("ethnicity")])[people.ethnic]
    rate = np.exp(
        np.log(conditions.female) * people.is_female[:, None]
        + conditions.deprivation * deprivation[:, None]
        + np.log(conditions.south_asian) * (groups == "south_asian")[:, None]
        + np.log(conditions.black) * (groups == "black")[:, None]
        + conditions.constitution * constitution[:, None]
        + conditions.metabolic * metabolic[:, None]
        + conditions.smoking * (smoking - 0.6)[:, None]
        + ONSET_BY_FRAILTY * CONSTITUTION_IN_FRAILTY * constitution[:, None]
    )
    # Who is vulnerable falls ill in mind.
    for name in ("depression", "severe_mental_illness"):
        rate[:, conditions.names.index(name)] *= np.exp(0.5 * vulnerability - 0.1)
    return Traits(
        conditions=conditions,
        birth=people.birth,
        is_female=people.is_female,
        deprivation=deprivation,
        constitution=constitution,
        vulnerability=vulnerability,
        metabolic=metabolic,
        smoking=smoking,
        contact_habit=np.exp(0.25 * rng.standard_normal(count) - 0.03).astype(np.float32),
        onset_rate=rate.astype(np.float32),
        clock=rng.exponential(1.0, rate.shape).astype(np.float32),
    )


@dataclass(frozen=True)
class Traits:
    """One entry per person. smoking: 0 never, 1 former, 2 current. contact_habit: ratio of contacts, mean about 1.

    onset_rate: relative hazard of each condition [person, condition]; clock: what is to be used up before it begins.
    """

    conditions: Conditions
    birth: np.ndarray
    is_female: np.ndarray
    deprivation: np.ndarray
    constitution: np.ndarray
    vulnerability: np.ndarray
    metabolic: np.ndarray
    smoking: np.ndarray
    contact_habit: np.ndarray
    onset_rate: np.ndarray
    clock: np.ndarray
