"""What nobody records: each person's frailty, instability, dependence and diseases, month by month.

Everything that is later written down comes from this state, and the risk of an emergency admission is a function of
this state alone: never of what was written. Levels are tuned to the facts in the reference README.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipeline.synthetic.frame import read_reference
from pipeline.synthetic.people import NEVER, People, day_number

MONTHS = 48
DAYS_PER_MONTH = 30.4375
DEPENDENCE_CEILING = 4.0
# Log of the monthly hazard of an emergency admission by age, for a person with nothing else.
_AGE_KNOTS = (0, 3, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_AGE_LOG_HAZARD = (-5.1, -6.2, -6.8, -6.55, -6.55, -6.5, -6.48, -6.42, -6.46, -6.45, -6.28, -6.28)


def month_starts(as_of: date) -> np.ndarray:
    """Day numbers of 48 month starts that end on the index date, and of the end of the second week (50 numbers)."""
    index_date = np.datetime64(as_of) + 1
    month, day = (
        index_date.astype("datetime64[M]"),
        index_date - index_date.astype("datetime64[M]").astype("datetime64[D]"),
    )
    months = month - np.arange(MONTHS, -1, -1)
    last = (months + 1).astype("datetime64[D]") - 1
    starts = np.minimum(months.astype("datetime64[D]") + day, last).astype(np.int64)
    return np.append(starts, day_number(as_of) + 8)


def draw_traits(people: People, *, rng: np.random.Generator) -> "Traits":
    """What stays with a person: when each disease would begin, and how readily they see a doctor."""
    rows = read_reference("conditions")
    count = people.count
    constitution = rng.standard_normal(count)
    shared = rng.standard_normal(count)
    onset = np.empty((count, len(rows)))
    for column, row in enumerate(rows):
        own = 0.45 * shared + np.sqrt(1 - 0.45**2) * rng.standard_normal(count)
        onset[:, column] = float(row["onset_age_mean"]) + float(row["onset_age_spread"]) * own
        # Lifetime shares differ by deprivation, so that some never get it whatever their age.
        share = float(row["lifetime_share"]) * (1 + 0.05 * (5.5 - people.decile) * (float(row["lifetime_share"]) < 1))
        onset[rng.random(count) >= share, column] = np.inf
    return Traits(
        conditions=tuple(row["condition"] for row in rows),
        log_hazard=np.array([float(row["log_hazard"]) for row in rows]),
        birth=people.birth,
        is_female=people.is_female,
        deprivation=5.5 - people.decile,
        onset_age=onset,
        constitution=constitution,
        contact_habit=np.exp(0.45 * rng.standard_normal(count) - 0.1),
    )


def first_state(traits: "Traits", *, day: int, rng: np.random.Generator) -> "State":
    """The state on the first day."""
    count = len(traits.birth)
    frailty = 0.8 * traits.constitution + 0.6 * rng.standard_normal(count)
    state = State(
        day=day,
        frailty=frailty,
        instability=np.zeros(count),
        function_loss=rng.standard_normal(count),
        has=np.zeros(traits.onset_age.shape, dtype=bool),
    )
    return _with_conditions(state, traits)


def next_state(state: "State", traits: "Traits", *, day: int, rng: np.random.Generator) -> "State":
    """One month on: frailty and loss of function drift, instability comes in shocks and fades in months."""
    count = len(state.frailty)
    shock = rng.random(count) < np.minimum(0.5, 0.022 * np.exp(0.4 * state.frailty + 0.35 * dependence(state, traits)))
    instability = 0.86 * state.instability + shock * rng.gamma(2.0, 0.55, count)
    pull = 0.015 * (0.8 * traits.constitution - state.frailty)
    moved = State(
        day=day,
        frailty=state.frailty + pull + 0.104 * rng.standard_normal(count),
        instability=np.minimum(instability, 3.5),
        function_loss=0.988 * state.function_loss + 0.154 * rng.standard_normal(count),
        has=state.has,
    )
    return _with_conditions(moved, traits)


def age_years(state: "State", traits: "Traits") -> np.ndarray:
    """Age on the state's day; negative before birth."""
    return (state.day - traits.birth) / 365.25


def dependence(state: "State", traits: "Traits") -> np.ndarray:
    """Need of help with daily life, 0 to 4: what social care and community nurses see and a hospital does not."""
    age = age_years(state, traits)
    names = traits.conditions
    score = (
        -2.6
        + 0.085 * (age - 60)
        + 0.25 * state.frailty
        + 1.5 * state.function_loss
        + 1.2 * state.has[:, names.index("dementia")]
        + 0.8 * state.has[:, names.index("stroke_or_tia")]
    )
    grown_up = np.clip((age - 18) / 20, 0, 1)
    return np.minimum(np.logaddexp(0, 1.3 * score) * grown_up, DEPENDENCE_CEILING)


def admission_hazard(state: "State", traits: "Traits") -> np.ndarray:
    """Expected emergency admissions per month, given the latent state alone; 0 before birth."""
    age = age_years(state, traits)
    log_hazard = (
        np.interp(age, _AGE_KNOTS, _AGE_LOG_HAZARD)
        + 0.92 * state.frailty
        + 0.9 * state.instability
        + 0.95 * dependence(state, traits)
        + 0.075 * traits.deprivation
        + 1.5 * np.minimum(state.has @ traits.log_hazard, 2.2)
    )
    return np.where(age < 0, 0.0, np.minimum(np.exp(log_hazard), 0.9))


def death_hazard(state: "State", traits: "Traits") -> np.ndarray:
    """Deaths per month, given the latent state."""
    age = age_years(state, traits)
    log_hazard = (
        -12.9
        + 0.082 * np.maximum(age, 0)
        + 0.35 * state.frailty
        + 0.45 * state.instability
        + 0.35 * dependence(state, traits)
        + 0.03 * traits.deprivation
        + 0.7 * state.has[:, traits.conditions.index("cancer")]
    )
    return np.where(age < 0, 0.0, np.minimum(np.exp(log_hazard), 0.5))


def live(traits: "Traits", *, starts: np.ndarray, rng: np.random.Generator) -> "Lives":
    """Four years and a week of every life; nobody dies in that last week but who is planted to."""
    states: list[State] = []
    hazards: list[np.ndarray] = []
    death = np.full(len(traits.birth), NEVER)
    for step, day in enumerate(starts[:-1]):
        state = (
            first_state(traits, day=int(day), rng=rng)
            if step == 0
            else next_state(states[-1], traits, day=int(day), rng=rng)
        )
        length = int(starts[step + 1] - day)
        dies = rng.random(len(death)) < 1 - np.exp(-death_hazard(state, traits) * length / DAYS_PER_MONTH)
        when = day + np.floor(rng.random(len(death)) * length).astype(np.int64)
        if step < MONTHS:
            death = np.where(dies & (death == NEVER), np.maximum(when, traits.birth), death)
        states.append(state)
        hazards.append(admission_hazard(state, traits))
    return Lives(
        starts=starts,
        states=tuple(states),
        hazard=np.array(hazards),
        dependence=np.array([dependence(state, traits) for state in states]),
        death=death,
    )


def expected_admission(
    lives: "Lives", traits: "Traits", *, step: int, replicates: int, rng: np.random.Generator
) -> np.ndarray:
    """The oracle: probability of an emergency admission in the 12 months from a step, given the state on that day.

    The mean over simulated futures of 1 - exp(-accumulated hazard while alive).
    """
    total = np.zeros(len(traits.birth))
    lengths = np.diff(lives.starts)[step : step + 12] / DAYS_PER_MONTH
    for _ in range(replicates):
        state, alive = lives.states[step], np.ones(len(total))
        accumulated = np.zeros(len(total))
        for offset, months in enumerate(lengths):
            if offset:
                state = next_state(state, traits, day=int(lives.starts[step + offset]), rng=rng)
            dying = 1 - np.exp(-death_hazard(state, traits) * months)
            accumulated += admission_hazard(state, traits) * months * alive * (1 - dying / 2)
            alive = alive * (rng.random(len(total)) >= dying)
        total += 1 - np.exp(-accumulated)
    return total / replicates


def _with_conditions(state: "State", traits: "Traits") -> "State":
    age = age_years(state, traits)
    # Frail and deprived people fall ill earlier.
    body_age = age + 4.0 * state.frailty + 0.6 * traits.deprivation
    has = state.has | ((body_age[:, None] >= traits.onset_age) & (age[:, None] >= 0.5))
    return State(state.day, state.frailty, state.instability, state.function_loss, has)


@dataclass(frozen=True)
class Traits:
    """One row per person. onset_age: by condition, in years of bodily age, inf for never."""

    conditions: tuple[str, ...]
    log_hazard: np.ndarray
    birth: np.ndarray
    is_female: np.ndarray
    deprivation: np.ndarray
    onset_age: np.ndarray
    constitution: np.ndarray
    contact_habit: np.ndarray


@dataclass(frozen=True)
class State:
    """Everyone on one day: frailty (about standard normal), instability (0 to 3.5), loss of function, conditions."""

    day: int
    frailty: np.ndarray
    instability: np.ndarray
    function_loss: np.ndarray
    has: np.ndarray


@dataclass(frozen=True)
class Lives:
    """All steps: hazard and dependence are step by person; death is a day number or NEVER."""

    starts: np.ndarray
    states: tuple[State, ...]
    hazard: np.ndarray
    dependence: np.ndarray
    death: np.ndarray

    def matrix(self, name: str) -> np.ndarray:
        """One quantity of the state, step by person."""
        return np.array([getattr(state, name) for state in self.states])

    def condition(self, column: int) -> np.ndarray:
        """Whether each person has a condition, step by person."""
        return np.array([state.has[:, column] for state in self.states])
