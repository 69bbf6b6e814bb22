"""Living: the state of everyone of a block moved along the monthly grid; onsets, shocks and deaths on exact days."""

import numpy as np

from pipeline.synthetic.latent.conditions import (
    ONSET_BY_FRAILTY,
    PALLIATIVE,
    consumed,
    earlier_onsets,
    palliative_ratio,
)
from pipeline.synthetic.latent.lives import Admissions, Lives, Shocks
from pipeline.synthetic.latent.process import (
    DAYS_PER_MONTH,
    DISTRESS,
    FRAILTY,
    FUNCTION_LOSS,
    INSTABILITY_DAYS,
    MONTHS,
    SHOCK_SCALE,
    SHOCK_SHAPE,
    VULNERABILITY_IN_DISTRESS,
    State,
    admission_hazard,
    base_log_death,
    base_log_hazard,
    death_hazard,
    dependence,
    drift,
    fade,
    season,
    shock_hazard,
)
from pipeline.synthetic.latent.traits import CONSTITUTION_IN_FRAILTY, Traits
from pipeline.synthetic.population.people import NEVER


def live(traits: Traits, *, starts: np.ndarray, rng: np.random.Generator) -> Lives:
    """Every life along the grid. Nobody dies after the first night: what the live weeks bring is scripted elsewhere."""
    walk = _Walk(traits, starts, rng)
    for step in range(len(starts) - 1):
        walk.step(step)
    return walk.lives()


def keep_admissions(lives: Lives, last_day: np.ndarray, birth: np.ndarray) -> Admissions:
    """The admissions of people on days when they are born, alive and here."""
    person, day = lives.admissions.person, lives.admissions.day
    kept = (day <= last_day[person]) & (day >= birth[person])
    return Admissions(person[kept], day[kept])


class _Walk:
    """The walk along the grid and what it leaves behind."""

    def __init__(self, traits: Traits, starts: np.ndarray, rng: np.random.Generator) -> None:
        self.traits, self.starts, self.rng = traits, starts, rng
        self.conditions = traits.conditions
        self.season = season(starts)
        self.count = len(traits.birth)
        self.onset, self.clock = earlier_onsets(
            self.conditions, rate=traits.onset_rate, clock=traits.clock, birth=traits.birth, day=int(starts[0])
        )
        self.state = self._first()
        shape = (len(starts) - 1, self.count)
        self.kept = {
            name: np.empty(shape, dtype=np.float32)
            for name in ("frailty", "function_loss", "dependence", "instability", "distress", "hazard")
        }
        self.shocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.admissions: list[tuple[np.ndarray, np.ndarray]] = []
        self.death = np.full(self.count, NEVER)

    def step(self, step: int) -> None:
        """Hazards of this step, what happens in it, and the state at its end."""
        traits, state, start = self.traits, self.state, int(self.starts[step])
        length = int(self.starts[step + 1] - start)
        months = length / DAYS_PER_MONTH
        age = ((start - traits.birth) / 365.25).astype(np.float32)
        needs = dependence(age, state.frailty, state.function_loss, state.ill)
        base = base_log_hazard(age, traits.is_female, traits.deprivation) + np.float32(self.season[step])
        hazard = np.where(age + months / 12 > 0, admission_hazard(base, state, needs), np.float32(0))
        for name in ("frailty", "function_loss", "instability", "distress"):
            self.kept[name][step] = getattr(state, name)
        self.kept["dependence"][step], self.kept["hazard"][step] = needs, hazard
        self._admit(hazard * months, start, length)
        if step < MONTHS:
            self._die(death_hazard(base_log_death(age, traits.is_female, traits.deprivation), state, needs), step)
        began = self._onsets(step)
        shocked = self._shocks(shock_hazard(float(self.season[step]), state, needs) * months, start, length)
        self._move(months, length, [began, shocked], end=int(self.starts[step + 1]))

    def lives(self) -> Lives:
        person, day, size = (np.concatenate([part[i] for part in self.shocks]) for i in range(3))
        order = np.lexsort((day, person))
        who, when = (np.concatenate([part[i] for part in self.admissions]) for i in range(2))
        by_day = np.lexsort((who, when))
        return Lives(
            starts=self.starts,
            conditions=self.conditions.names,
            onset=self.onset,
            shocks=Shocks(person[order], day[order], size[order]),
            admissions=Admissions(who[by_day], when[by_day]),
            death=self.death,
            **self.kept,
        )

    def _first(self) -> State:
        traits, rng = self.traits, self.rng
        frailty, function_loss, distress = rng.standard_normal((3, self.count)).astype(np.float32)
        has = (self.onset < NEVER).astype(np.float32)
        mean = np.float32(VULNERABILITY_IN_DISTRESS) * traits.vulnerability + has @ self.conditions.on_distress
        # Last year's deteriorations, faded: about a fiftieth of people had one in each month.
        faded = np.zeros(self.count, dtype=np.float32)
        for month in range(12):
            hit = rng.random(self.count) < 0.02
            size = rng.gamma(SHOCK_SHAPE, SHOCK_SCALE, self.count) * fade((month + rng.random(self.count)) * 30)
            faded += (hit * size).astype(np.float32)
        return State(
            frailty=np.float32(CONSTITUTION_IN_FRAILTY) * traits.constitution + np.float32(FRAILTY.spread) * frailty,
            function_loss=np.float32(FUNCTION_LOSS.spread) * function_loss,
            distress=mean + np.float32(DISTRESS.spread) * distress,
            instability=faded,
            burden=has @ self.conditions.on_hazard,
            death_burden=has @ self.conditions.on_death,
            ill=has @ self.conditions.on_dependence,
            mean_distress=mean,
        )

    def _admit(self, expected: np.ndarray, start: int, length: int) -> None:
        person = np.repeat(np.arange(self.count), self.rng.poisson(expected))
        self.admissions.append((person, start + self.rng.integers(0, length, len(person))))

    def _die(self, hazard: np.ndarray, step: int) -> None:
        start, length = int(self.starts[step]), int(self.starts[step + 1] - self.starts[step])
        dies = self.rng.random(self.count) < 1 - np.exp(-hazard * length / DAYS_PER_MONTH)
        when = start + self.rng.integers(0, length, self.count)
        dies &= (self.death == NEVER) & (self.traits.birth <= when)
        self.death = np.where(dies, when, self.death)

    def _onsets(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Conditions that begin in this step, with the deteriorations they begin with."""
        start, end = int(self.starts[step]), int(self.starts[step + 1])
        birth, conditions = self.traits.birth, self.conditions
        used = consumed(conditions, (end - birth) / 365.25) - consumed(conditions, (start - birth) / 365.25)
        used *= (
            self.traits.onset_rate
            * np.exp(
                np.float32(ONSET_BY_FRAILTY)
                * (self.state.frailty - np.float32(CONSTITUTION_IN_FRAILTY) * self.traits.constitution)
            )[:, None]
        )
        used[:, conditions.names.index(PALLIATIVE)] *= palliative_ratio(conditions, self.onset < NEVER)
        person, column = np.nonzero(self.clock <= used)
        share = self.clock[person, column] / used[person, column]
        # Never on a step's first day: what a person has then was already in the state of that day.
        day = np.clip(start + np.floor(share * (end - start)).astype(np.int64), start + 1, end - 1)
        self.onset[person, column] = np.maximum(day, birth[person])
        self.clock -= used
        self.clock[person, column] = np.inf
        for name, effect in (
            ("burden", conditions.on_hazard),
            ("death_burden", conditions.on_death),
            ("ill", conditions.on_dependence),
            ("mean_distress", conditions.on_distress),
        ):
            np.add.at(getattr(self.state, name), person, effect[column])
        size = conditions.on_shock[column]
        hit = size > 0
        return person[hit], self.onset[person, column][hit], size[hit]

    def _shocks(self, expected: np.ndarray, start: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        person = np.flatnonzero(self.rng.random(self.count) < 1 - np.exp(-expected))
        day = start + self.rng.integers(0, length, len(person))
        return person, day, self.rng.gamma(SHOCK_SHAPE, SHOCK_SCALE, len(person)).astype(np.float32)

    def _move(
        self, months: float, length: int, shocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]], *, end: int
    ) -> None:
        state, noise = self.state, self.rng.standard_normal((3, self.count), dtype=np.float32)
        state.frailty = drift(
            state.frailty, np.float32(CONSTITUTION_IN_FRAILTY) * self.traits.constitution, FRAILTY, months, noise[0]
        )
        state.function_loss = drift(state.function_loss, 0.0, FUNCTION_LOSS, months, noise[1])
        state.distress = drift(state.distress, state.mean_distress, DISTRESS, months, noise[2])
        state.instability = state.instability * np.float32(np.exp(-length / INSTABILITY_DAYS))
        for person, day, size in shocks:
            np.add.at(state.instability, person, (size * fade(end - day)).astype(np.float32))
            self.shocks.append((person, day, size))
