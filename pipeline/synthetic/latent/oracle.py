"""The oracle: the probability of an emergency admission within twelve months, given the latent state on the index date.

Written apart from everything that is recorded, for evaluation alone. The future is replayed at least 1,000 times with
the same laws of motion; within a replay the risk of admission before death is worked out exactly, not drawn. Two small
things are left out: a condition that begins within the year does not make further ones likelier, and moving away is
not foreseen. Deterministic: each chunk of people has a stream of its own, whatever the order.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from pipeline.errors import UserError
from pipeline.synthetic.latent.block import INDEX_STEP, Block
from pipeline.synthetic.latent.conditions import ONSET_BY_FRAILTY, PALLIATIVE, consumed, palliative_ratio
from pipeline.synthetic.latent.process import (
    DAYS_PER_MONTH,
    DISTRESS,
    FRAILTY,
    FUNCTION_LOSS,
    INSTABILITY_DAYS,
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
from pipeline.synthetic.latent.traits import CONSTITUTION_IN_FRAILTY

REPLAYS = 1_000
HORIZON = 12
_CHUNK = 32  # people replayed together: arrays of 32,000 stay in a processor's cache


def expected_admission(
    block: Block, people: np.ndarray, *, step: int = INDEX_STEP, replays: int = REPLAYS
) -> np.ndarray:
    """Probability per person (indices of the block) of an emergency admission in the 12 months from a step's first day.

    `replays` below 1,000 is for tests. Raises UserError for an odd number or a step without a year after it.
    """
    if replays % 2 or replays < 2:
        raise UserError("Replays come in mirrored pairs", where="replays", next_step="name an even number")
    if not 0 <= step <= block.lives.steps - HORIZON:
        raise UserError("The grid ends within a year of this step", where="step", next_step="name an earlier one")
    seasons = season(block.lives.starts)
    chances = np.empty(len(people))
    for first in range(0, len(people), _CHUNK):
        rng = np.random.default_rng([block.seed, block.number, zlib.crc32(b"oracle"), step, first])
        chances[first : first + _CHUNK] = _Replay(block, people[first : first + _CHUNK], step, replays, rng).run(
            seasons
        )
    return chances


@dataclass(frozen=True)
class _Fixed:
    """What does not change within the year, per person. onset: [person, condition] expected in it."""

    birth: np.ndarray
    is_female: np.ndarray
    deprivation: np.ndarray
    mean_frailty: np.ndarray
    onset: np.ndarray


class _Replay:
    """Many futures of a few people: arrays are [replay, person]."""

    def __init__(self, block: Block, people: np.ndarray, step: int, replays: int, rng: np.random.Generator) -> None:
        self.rng, self.step, self.starts = rng, step, block.lives.starts
        self.shape = (replays, len(people))
        self.conditions = block.traits.conditions
        traits, lives = block.traits, block.lives
        has = lives.onset[people] <= self.starts[step]
        self.fixed = _Fixed(
            birth=traits.birth[people],
            is_female=traits.is_female[people],
            deprivation=traits.deprivation[people],
            mean_frailty=np.float32(CONSTITUTION_IN_FRAILTY) * traits.constitution[people],
            onset=self._onset_rates(traits.onset_rate[people], traits.birth[people], has),
        )
        effects = {
            "burden": self.conditions.on_hazard,
            "death_burden": self.conditions.on_death,
            "ill": self.conditions.on_dependence,
            "mean_distress": self.conditions.on_distress,
        }
        self.effects = effects
        sums = {name: has.astype(np.float32) @ effect for name, effect in effects.items()}
        sums["mean_distress"] += np.float32(VULNERABILITY_IN_DISTRESS) * traits.vulnerability[people]
        kept = {
            name: getattr(lives, name)[step, people] for name in ("frailty", "function_loss", "distress", "instability")
        }
        self.state = State(**{name: np.broadcast_to(one, self.shape).copy() for name, one in (sums | kept).items()})

    def run(self, seasons: np.ndarray) -> np.ndarray:
        """The mean over replays of the probability of an admission before death."""
        alive_and_well = np.ones(self.shape, dtype=np.float32)
        chance = np.zeros(self.shape, dtype=np.float32)
        for offset in range(HORIZON):
            start, end = int(self.starts[self.step + offset]), int(self.starts[self.step + offset + 1])
            months = np.float32((end - start) / DAYS_PER_MONTH)
            fixed = self.fixed
            age = ((start - fixed.birth) / 365.25).astype(np.float32)
            needs = dependence(age, self.state.frailty, self.state.function_loss, self.state.ill)
            base = base_log_hazard(age, fixed.is_female, fixed.deprivation) + np.float32(seasons[self.step + offset])
            admitted = admission_hazard(base, self.state, needs) * months
            dying = death_hazard(base_log_death(age, fixed.is_female, fixed.deprivation), self.state, needs) * months
            either = admitted + dying
            stays = np.exp(-either)
            chance += alive_and_well * admitted / either * (1 - stays)
            alive_and_well *= stays
            if offset < HORIZON - 1:
                shocks = shock_hazard(float(seasons[self.step + offset]), self.state, needs) * months
                self._move(shocks, months, end - start)
        return np.asarray(chance.mean(axis=0), dtype=np.float64)

    def _onset_rates(self, rate: np.ndarray, birth: np.ndarray, has: np.ndarray) -> np.ndarray:
        first, last = int(self.starts[self.step]), int(self.starts[self.step + HORIZON])
        used = consumed(self.conditions, (last - birth) / 365.25) - consumed(self.conditions, (first - birth) / 365.25)
        used *= rate
        used[:, self.conditions.names.index(PALLIATIVE)] *= palliative_ratio(self.conditions, has)
        return np.where(has, np.float32(0), used)

    def _move(self, shocks: np.ndarray, months: np.float32, length: int) -> None:
        state, rng = self.state, self.rng
        half = rng.standard_normal((3, self.shape[0] // 2, self.shape[1]), dtype=np.float32)
        noise = np.concatenate([half, -half], axis=1)
        arrived = np.zeros(self.shape, dtype=np.float32)
        hit = np.flatnonzero(rng.random(self.shape, dtype=np.float32) < 1 - np.exp(-shocks))
        left = fade(length * rng.random(len(hit)))
        arrived.ravel()[hit] = rng.gamma(SHOCK_SHAPE, SHOCK_SCALE, len(hit)) * left
        self._begin_conditions(months, length, arrived)
        state.frailty = drift(state.frailty, self.fixed.mean_frailty, FRAILTY, float(months), noise[0])
        state.function_loss = drift(state.function_loss, 0.0, FUNCTION_LOSS, float(months), noise[1])
        state.distress = drift(state.distress, state.mean_distress, DISTRESS, float(months), noise[2])
        state.instability = state.instability * np.float32(np.exp(-length / INSTABILITY_DAYS)) + arrived

    def _begin_conditions(self, months: np.float32, length: int, arrived: np.ndarray) -> None:
        """At most one condition begins per person and month; who falls ill is rare, so only they are looked at."""
        onset = self.fixed.onset
        lift = np.exp(np.float32(ONSET_BY_FRAILTY) * (self.state.frailty - self.fixed.mean_frailty))
        monthly = onset.sum(axis=1) * (months / np.float32(HORIZON))
        ill = np.flatnonzero(self.rng.random(self.shape, dtype=np.float32) < 1 - np.exp(-monthly * lift))
        person = ill % self.shape[1]
        shares = np.cumsum(onset[person], axis=1)
        drawn = self.rng.random(len(ill)) * shares[:, -1]
        which = np.minimum((shares <= drawn[:, None]).sum(axis=1), onset.shape[1] - 1)
        for name, effect in self.effects.items():
            getattr(self.state, name).ravel()[ill] += effect[which]
        arrived.ravel()[ill] += self.conditions.on_shock[which] * fade(length * self.rng.random(len(ill)))
