"""The laws of motion: how the latent state moves, and the hazards of deterioration, admission and death it implies.

Frailty, loss of function and mental distress are Ornstein-Uhlenbeck processes with exact transitions; instability is
shot noise: it jumps on the days of deteriorations and fades exponentially. Hazards hold for one step of the monthly
grid and are functions of the state on its first day, and of the season, alone. Every function works on arrays of any
shape, so that the oracle replays futures with the same laws. Levels are tuned (docs/region.md).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

MONTHS, LIVE_MONTHS = 48, 3
DAYS_PER_MONTH = 30.4375
DEPENDENCE_CEILING = 4.0
INSTABILITY_CEILING = 3.5
INSTABILITY_DAYS = 75.0  # time constant of recovery
# Admissions per month that no trouble, however great, carries a person beyond; reached ever more slowly. Without it a
# few people would fill the wards: one in three emergency stays would be followed by another within a month.
HIGHEST_HAZARD = 0.42
HIGHEST_SHOCK, HIGHEST_DEATH = 0.5, 0.6
SHOCK_SHAPE, SHOCK_SCALE = 2.0, 0.5


@dataclass(frozen=True)
class Drift:
    """An Ornstein-Uhlenbeck process: time constant in months, and standard deviation about its mean in the long run."""

    months: float
    spread: float


FRAILTY = Drift(months=48, spread=0.6)
FUNCTION_LOSS = Drift(months=90, spread=1.0)
DISTRESS = Drift(months=36, spread=0.55)
VULNERABILITY_IN_DISTRESS = 0.8

_AGE_KNOTS = (0, 1, 4, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
# Log of the monthly hazard of an emergency admission by age, for a person with nothing else.
_AGE_LOG_HAZARD = (-5.18, -5.43, -6.23, -6.83, -6.52, -6.75, -6.84, -7.08, -7.43, -7.9, -7.95, -6.87, -6.65)
_ON_FRAILTY, _ON_INSTABILITY, _ON_DEPENDENCE, _ON_DISTRESS = 0.6, 0.5, 1.1, 0.55
_ON_DEPRIVATION, _ON_MALE = 0.068, 0.05
_WINTER, _BAD_WINTER = 0.10, 0.25


def month_starts(as_of: date) -> np.ndarray:
    """Day numbers of the grid: 48 steps that end on the index date (the day after `as_of`), and three more (52)."""
    index_date = np.datetime64(as_of) + 1
    month = index_date.astype("datetime64[M]")
    day = index_date - month.astype("datetime64[D]")
    months = month + np.arange(-MONTHS, LIVE_MONTHS + 1)
    last = (months + 1).astype("datetime64[D]") - 1
    return np.asarray(np.minimum(months.astype("datetime64[D]") + day, last).astype(np.int64))


def drift(value: np.ndarray, mean: np.ndarray | float, law: Drift, months: float, noise: np.ndarray) -> np.ndarray:
    """The process after so many months, exactly, from standard normal noise."""
    kept = np.float32(np.exp(-months / law.months))
    spread = np.float32(law.spread * np.sqrt(1 - np.exp(-2 * months / law.months)))
    return np.asarray(mean + (value - mean) * kept + spread * noise)


def fade(days: np.ndarray | float) -> np.ndarray:
    """The share of a deterioration that is left after so many days."""
    return np.asarray(np.exp(-np.asarray(days) / INSTABILITY_DAYS))


def rise(score: np.ndarray) -> np.ndarray:
    """Nearly nothing below nought, nearly the score itself above: little trouble hardly counts, much trouble does."""
    return np.asarray(np.float32(0.5) * (score + np.sqrt(score * score + 1)))


def dependence(age: np.ndarray, frailty: np.ndarray, function_loss: np.ndarray, ill: np.ndarray) -> np.ndarray:
    """Need of help with daily life, 0 to 4: what social care and community nurses see and a hospital hardly does."""
    score = (np.float32(-2.6) + np.float32(0.065) * (age - np.float32(60))).astype(np.float32)
    score = np.float32(1.3) * (score + np.float32(0.4) * frailty + np.float32(1.7) * function_loss + ill)
    grown_up = np.clip((age - 18) / 20, 0, 1).astype(np.float32)
    return np.asarray(np.minimum(rise(score), np.float32(DEPENDENCE_CEILING)) * grown_up)


def season(starts: np.ndarray) -> np.ndarray:
    """Log of how much likelier an emergency is in each step: a wave with its top in mid-January, and one bad winter.

    The bad winter is the first December to February that begins within the history.
    """
    days = starts[:-1, None] + np.arange(31)[None, :]
    wave = _WINTER * np.cos(2 * np.pi * ((days - 14) % 365.25) / 365.25)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    first = np.datetime64(int(starts[0]), "D").astype("datetime64[M]")
    december = first + (11 - first.astype(np.int64) % 12) % 12
    return np.asarray((wave + _BAD_WINTER * ((months >= december) & (months < december + 3))).mean(axis=1))


def base_log_hazard(age: np.ndarray, is_female: np.ndarray, deprivation: np.ndarray) -> np.ndarray:
    """The part of the log hazard of admission (per month) that does not move within a month."""
    by_age = np.interp(age, _AGE_KNOTS, _AGE_LOG_HAZARD) + _ON_DEPRIVATION * deprivation + _ON_MALE * ~is_female
    return np.asarray(by_age, dtype=np.float32)


def admission_hazard(base: np.ndarray, state: "State", needs: np.ndarray) -> np.ndarray:
    """Expected emergency admissions per month from the latent state and season alone; `needs` is dependence."""
    instability = np.minimum(state.instability, np.float32(INSTABILITY_CEILING))
    log_hazard = (
        base
        + np.float32(_ON_FRAILTY) * rise(np.float32(1.2) * (state.frailty - np.float32(0.2)))
        + np.float32(_ON_INSTABILITY) * instability
        + np.float32(_ON_DEPENDENCE) * needs
        + np.float32(_ON_DISTRESS) * rise(np.float32(1.5) * (state.distress - np.float32(0.9)))
        + state.burden
    )
    hazard = np.exp(log_hazard)
    return np.asarray(hazard / (1 + hazard / np.float32(HIGHEST_HAZARD)))


def shock_hazard(season_log: float, state: "State", needs: np.ndarray) -> np.ndarray:
    """Acute deteriorations per month; at most one in a month."""
    log_rate = (
        np.float32(np.log(0.020) + season_log)
        + np.float32(0.35) * state.frailty
        + np.float32(0.25) * needs
        + np.float32(0.25) * state.distress
        + np.float32(0.4) * state.burden
    )
    return np.asarray(np.minimum(np.exp(log_rate), np.float32(HIGHEST_SHOCK)))


def base_log_death(age: np.ndarray, is_female: np.ndarray, deprivation: np.ndarray) -> np.ndarray:
    """The part of the log hazard of death (per month) that does not move within a month."""
    older = -14.4 + 0.085 * np.maximum(age, 0) + 0.03 * deprivation + 0.3 * ~is_female
    return np.asarray(older + np.where(age < 1, 5.0, 0.0), dtype=np.float32)


def death_hazard(base: np.ndarray, state: "State", needs: np.ndarray) -> np.ndarray:
    """Deaths per month, given the latent state."""
    instability = np.minimum(state.instability, np.float32(INSTABILITY_CEILING))
    log_hazard = (
        base
        + np.float32(0.35) * state.frailty
        + np.float32(0.45) * instability
        + np.float32(0.35) * needs
        + state.death_burden
    )
    return np.asarray(np.minimum(np.exp(log_hazard), np.float32(HIGHEST_DEATH)))


@dataclass
class State:
    """Everyone on one day; arrays of one shape. frailty and distress are about standard normal, instability 0 upwards.

    burden, death_burden: sums over present conditions of their effects on the log hazards; ill: on the score of
    dependence; mean_distress: where distress is drawn to.
    """

    frailty: np.ndarray
    function_loss: np.ndarray
    distress: np.ndarray
    instability: np.ndarray
    burden: np.ndarray
    death_burden: np.ndarray
    ill: np.ndarray
    mean_distress: np.ndarray
