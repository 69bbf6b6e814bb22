"""How good is a score: does it order people, does it mean what it says, and whom does it find at the top.

Numpy only, pure functions of arrays. Ties are never broken by the order of rows: curves treat equal scores as
one step, and a cut-off of exactly k breaks ties by person_key ascending, the rule of the registers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rules.calibration import fit_line, odds_from_probability
from pipeline.rules.evaluation_resampling import list_size

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]

# Twelve-month models on whole populations reach 0.77 to 0.80 (SPARRA v4 0.799: jamesliley/SPARRAv4;
# QAdmissions 0.77: BMJ Open 2013;3:e003482). Far above that, suspect the data before praising the model.
ALARM_AUROC = 0.85
# Where a band of risk begins; every word of the registers begins at one (expectations/outputs/register.yml).
RISK_EDGES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9)
TIE_RULE = "exactly k people by score descending; ties by person_key ascending"


def evaluate(
    risk: Floats,
    *,
    outcome: Outcome,
    person_keys: Sequence[str],
    top_pct: Sequence[float],
    bins: int,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Every measure of one model on one hold-out, rounded to six places. One row per person and date."""
    low, high = auroc_interval(risk, outcome, person_keys=person_keys, resamples=resamples, seed=seed)
    intercept, slope = calibration_line(risk, outcome)
    table = calibration_bins(risk, outcome, bins=bins, person_keys=person_keys)
    measured: dict[str, Any] = rounded(
        {
            "auroc": auroc(risk, outcome),
            "auroc_low": low,
            "auroc_high": high,
            "average_precision": average_precision(risk, outcome),
            "brier": brier(risk, outcome),
            "log_loss": log_loss(risk, outcome),
            "calibration_intercept": intercept,
            "calibration_slope": slope,
            "observed_over_expected": observed_over_expected(risk, outcome),
            "expected_calibration_error": sum(row.people * abs(row.observed - row.expected) for row in table)
            / len(risk),
            "largest_calibration_gap": max(abs(row.observed - row.expected) for row in table),
            "calibration_bins": [vars(row) for row in table],
            "by_risk": [vars(row) for row in by_risk(risk, outcome)],
            "top": [
                {"pct": pct, **vars(top_k(risk, outcome, person_keys=person_keys, k=list_size(len(risk), pct)))}
                for pct in top_pct
            ],
            "tie_rule": TIE_RULE,
        }
    )
    return measured


def auroc(risk: Floats, outcome: Outcome) -> float:
    """The chance that a person with the event scores above one without; equal scores count a half."""
    _check(risk, outcome)
    _, place = np.unique(risk, return_inverse=True)
    return _weighted_auroc(place, outcome, np.ones(len(risk)))


def auroc_interval(
    risk: Floats, outcome: Outcome, *, person_keys: Sequence[str], resamples: int, seed: int
) -> tuple[float, float]:
    """95% interval of the AUROC by drawing people (all rows of a person together) with replacement."""
    _check(risk, outcome)
    _, place = np.unique(risk, return_inverse=True)
    people, person = np.unique(np.asarray(person_keys), return_inverse=True)
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = []
    for _ in range(resamples):
        times = np.bincount(generator.integers(0, len(people), len(people)), minlength=len(people))
        weight = times[person].astype(np.float64)
        if 0 < (weight * outcome).sum() < weight.sum():
            drawn.append(_weighted_auroc(place, outcome, weight))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def average_precision(risk: Floats, outcome: Outcome) -> float:
    """Area under precision and recall by steps; equal scores enter together."""
    _check(risk, outcome)
    _, place = np.unique(-risk, return_inverse=True)
    people = np.cumsum(np.bincount(place))
    events = np.cumsum(np.bincount(place, weights=outcome))
    gained = np.diff(np.concatenate(([0.0], events)))
    return float((gained * events / people).sum() / events[-1])


def brier(risk: Floats, outcome: Outcome) -> float:
    """Mean squared distance of risk from what happened."""
    return float(np.mean((risk - outcome) ** 2))


def log_loss(risk: Floats, outcome: Outcome) -> float:
    """Mean negative log likelihood, natural logarithm."""
    inside = np.clip(risk, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(outcome == 1, np.log(inside), np.log1p(-inside))))


def calibration_line(risk: Floats, outcome: Outcome) -> tuple[float, float]:
    """(intercept, slope): intercept with slope held at 1 (calibration in the large), slope fitted freely."""
    _check(risk, outcome)
    log_odds, target = odds_from_probability(risk), outcome.astype(np.float64)
    intercept, _ = fit_line(log_odds, target, slope_fixed=True)
    _, slope = fit_line(log_odds, target)
    return intercept, slope


def observed_over_expected(risk: Floats, outcome: Outcome) -> float:
    """Events that happened for each one predicted."""
    return float(outcome.sum() / risk.sum())


def calibration_bins(
    risk: Floats, outcome: Outcome, *, bins: int, person_keys: Sequence[str]
) -> list["CalibrationBin"]:
    """Equal-count bins by rising risk: mean predicted and observed share. Sizes differ by at most one."""
    order = np.lexsort((np.asarray(person_keys), risk))
    return [
        CalibrationBin(len(part), float(risk[part].mean()), float(outcome[part].mean()))
        for part in np.array_split(order, min(bins, len(order)))
    ]


def by_risk(risk: Floats, outcome: Outcome) -> list["RiskBin"]:
    """Fixed bands of risk, each from its edge up to the next, the last with 1: what was expected and what happened.

    Equal-count bins cannot tell people at the top apart, where the lists are made. An empty band stays, with no shares.
    """
    place = np.searchsorted(RISK_EDGES, risk, side="right") - 1
    ends = (*RISK_EDGES[1:], 1.0)
    found = []
    for position, (start, end) in enumerate(zip(RISK_EDGES, ends, strict=True)):
        inside = place == position
        people = int(inside.sum())
        expected = float(risk[inside].mean()) if people else None
        observed = float(outcome[inside].mean()) if people else None
        found.append(RiskBin(start, end, people, expected, observed))
    return found


def top_k(risk: Floats, outcome: Outcome, *, person_keys: Sequence[str], k: int) -> "TopK":
    """What a list of exactly k people would have found (TIE_RULE); ValueError for an impossible k."""
    _check(risk, outcome)
    if not 0 < k <= len(risk):
        raise ValueError("k must be between 1 and the number of people")
    listed = np.lexsort((np.asarray(person_keys), -risk))[:k]
    found = int(outcome[listed].sum())
    return TopK(k=k, events_found=found, ppv=found / k, sensitivity=found / int(outcome.sum()))


def too_good(measured: Mapping[str, float]) -> str | None:
    """A sentence when any model's AUROC (by name) is above what such models reach, else nothing."""
    above = sorted(name for name, value in measured.items() if value > ALARM_AUROC)
    if not above:
        return None
    return (
        f"AUROC above {ALARM_AUROC} ({' and '.join(above)}): twelve-month models of whole populations reach "
        "0.77 to 0.80, so look for a leak from after the index date before using this model"
    )


def rounded(content: Any) -> Any:
    """The same structure with every float rounded to six places, fit for canonical JSON."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return round(float(content), 6) + 0.0 if isinstance(content, float | np.floating) else content


def _weighted_auroc(place: npt.NDArray[np.intp], outcome: Outcome, weight: Floats) -> float:
    with_event = np.bincount(place, weights=weight * outcome)
    without = np.bincount(place, weights=weight * (1 - outcome))
    below = np.cumsum(without) - without
    return float((with_event * (below + 0.5 * without)).sum() / (with_event.sum() * without.sum()))


def _check(risk: Floats, outcome: Outcome) -> None:
    if len(risk) != len(outcome):
        raise ValueError("risks and outcomes differ in length")
    if not 0 < int(outcome.sum()) < len(outcome):
        raise ValueError("measures need people with and people without the outcome")


@dataclass(frozen=True)
class CalibrationBin:
    """One bin of the calibration curve."""

    people: int
    expected: float
    observed: float


@dataclass(frozen=True)
class RiskBin:
    """One fixed band of risk; the shares are None when nobody was in it."""

    from_risk: float
    to_risk: float
    people: int
    expected: float | None
    observed: float | None


@dataclass(frozen=True)
class TopK:
    """A list of k people judged: share of it that had the event, and share of all events on it."""

    k: int
    events_found: int
    ppv: float
    sensitivity: float
