"""Whether scores of an older night came true: observed over expected, once outcomes are known; what would mend it.

Numpy only. Known after twelve months, and of the first thirty days soon after them. How many of a year's admissions
fall into its first thirty days is taken from the hold-out, by band of risk: who is at high risk is admitted sooner.
Nothing here changes a model: a proposal is for a person.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt

from pipeline.rules.calibration import fit_line, odds_from_probability, probability
from pipeline.rules.evaluation import RISK_EDGES
from pipeline.rules.evaluation_intervals import ratio_interval
from pipeline.rules.evaluation_resampling import normal_quantile

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]
# Below so many events in a band, everyone's share stands in for it.
EVENTS_LEAST = 20


def came_true(risk: Floats, outcome: Outcome, *, confidence: float) -> "CameTrue":
    """Observed over expected of a night whose whole window is known; ValueError without anybody at risk."""
    ratio, low, high = ratio_interval(risk, outcome, confidence=confidence)
    return CameTrue(len(risk), int(outcome.sum()), float(risk.sum()), ratio, low, high)


def came_true_early(risk: Floats, soon: Outcome, *, early: "EarlyShare", confidence: float) -> "CameTrue":
    """As `came_true`, of the first thirty days; the interval also carries what the hold-out's few events leave open."""
    expected = risk * early.of(risk)
    ratio, low, high = ratio_interval(expected, soon, confidence=confidence)
    if ratio > 0 and early.events:
        share = (normal_quantile(confidence) / sqrt(early.events)) ** 2
        low = exp(log(ratio) - sqrt(log(ratio / low) ** 2 + share)) if low > 0 else 0.0
        high = exp(log(ratio) + sqrt(log(high / ratio) ** 2 + share))
    return CameTrue(len(risk), int(soon.sum()), float(expected.sum()), ratio, low, high)


def early_share(risk: Floats, soon: Outcome, outcome: Outcome) -> "EarlyShare":
    """Of those admitted in the year after the hold-out's date, the share within thirty days, by band of risk."""
    band = _band(risk)
    events, early = int(outcome.sum()), int((soon * outcome).sum())
    overall = early / events if events else 0.0
    by_band = []
    for place in range(len(RISK_EDGES)):
        inside = band == place
        those = int(outcome[inside].sum())
        share = int((soon * outcome)[inside].sum()) / those if those >= EVENTS_LEAST else overall
        by_band.append(share)
    return EarlyShare(by_band=tuple(by_band), events=early)


def proposal(person_keys: Sequence[str], risk: Floats, outcome: Outcome, *, confidence: float) -> "Proposal":
    """The line on the log-odds that would have fitted, and what it does to people it was not fitted on.

    Two halves by a digest of the key: each half is told by the line of the other. ValueError where a half has nobody
    with, or nobody without, the outcome.
    """
    odds, target = odds_from_probability(risk), outcome.astype(np.float64)
    half = np.array([hashlib.sha256(key.encode()).digest()[0] % 2 == 0 for key in person_keys])
    corrected = np.empty(len(risk))
    for side in (half, ~half):
        if not 0 < int(outcome[~side].sum()) < int((~side).sum()) or not side.any():
            raise ValueError("a recalibration needs people with and without the outcome in both halves")
        intercept, slope = fit_line(odds[~side], target[~side])
        corrected[side] = probability(intercept + slope * odds[side])
    intercept, slope = fit_line(odds, target)
    level, _ = fit_line(odds, target, slope_fixed=True)
    return Proposal(
        intercept=intercept,
        slope=slope,
        level=level,
        before=came_true(risk, outcome, confidence=confidence),
        after=came_true(corrected, outcome, confidence=confidence),
        brier_before=float(np.mean((risk - target) ** 2)),
        brier_after=float(np.mean((corrected - target) ** 2)),
    )


def level_shift(ratio: float, *, expected_share: float) -> float | None:
    """Log-odds to add to everyone so that the mean risk becomes `ratio` times as large; None where that is no risk."""
    wanted = ratio * expected_share
    if not 0 < expected_share < 1 or not 0 < wanted < 1:
        return None
    return log(wanted / (1 - wanted)) - log(expected_share / (1 - expected_share))


def _band(risk: Floats) -> npt.NDArray[np.int64]:
    return np.searchsorted(RISK_EDGES, risk, side="right").astype(np.int64) - 1


@dataclass(frozen=True)
class CameTrue:
    """Of how many people how many had the outcome, how many were expected, and the ratio with its interval."""

    people: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class EarlyShare:
    """Share of a year's events that come in its first thirty days, by band of RISK_EDGES; events it rests on."""

    by_band: tuple[float, ...]
    events: int

    def of(self, risk: Floats) -> Floats:
        """The share for each person."""
        return np.asarray(self.by_band)[_band(risk)]


@dataclass(frozen=True)
class Proposal:
    """A line on the calibrated log-odds (`level` alone with slope 1), and how scores did before and would do after."""

    intercept: float
    slope: float
    level: float
    before: CameTrue
    after: CameTrue
    brier_before: float
    brier_after: float
