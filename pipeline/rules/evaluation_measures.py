"""Every measure of one calibrated risk on one population, each with its interval: the rows of evaluation.json.

Numpy only. What can be is counted in whole numbers (risks are millionths). The slope's and intercept's intervals come
from one Newton step of each draw; all others from the draw's own value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rules.calibration import fit_line, odds_from_probability, probability
from pipeline.rules.evaluation import by_risk, calibration_line, log_loss
from pipeline.rules.evaluation_intervals import share_interval
from pipeline.rules.evaluation_resampling import (
    Counts,
    Floats,
    Measure,
    Ranked,
    everyone_once,
    list_size,
    ordering_measures,
    percentile_interval,
    ranked,
)

MILLION = 1_000_000
Triple = list[float | None]


@dataclass(frozen=True)
class Population:
    """One risk and one outcome on the people of one population, prepared once for all draws."""

    ranking: Ranked
    among: Counts  # places of its people among everyone, rising
    risk: Floats
    outcome: npt.NDArray[np.int8]
    bins: Counts  # place in `rising` where each equal-count bin begins
    rising: Counts  # places in `among` by rising risk, then person_key
    top_pct: tuple[float, ...]
    newton: "_Newton"


def population(
    risk: Floats,
    outcome: npt.NDArray[np.int8],
    *,
    among: npt.NDArray[np.bool_],
    bins: int,
    top_pct: Sequence[float],
) -> Population | None:
    """None when nobody is in it, or not both people with and people without the outcome."""
    places = np.flatnonzero(among)
    own_risk, own = risk[places], outcome[places]
    if not 0 < int(own.sum()) < len(own):
        return None
    rising = np.argsort(own_risk, kind="stable")
    parts = np.array_split(rising, min(bins, len(rising)))
    return Population(
        ranking=ranked(risk, outcome, among=among),
        among=places.astype(np.int64),
        risk=own_risk,
        outcome=own,
        bins=np.cumsum([0, *(len(part) for part in parts[:-1])]),
        rising=rising.astype(np.int64),
        top_pct=tuple(top_pct),
        newton=_newton(own_risk, own),
    )


def measure_of(one: Population) -> Measure:
    """All quantities of one draw: ordering, lists, Brier, calibration."""
    millionths = np.round(one.risk * MILLION).astype(np.int64)
    events = one.outcome.astype(np.int64)
    misses = (events * MILLION - millionths) ** 2

    def measured(weights: Counts) -> Mapping[str, float]:
        own = weights[one.among]
        people, observed, expected = int(own.sum()), int((own * events).sum()), int((own * millionths).sum())
        found = ordering_measures(one.ranking, weights, top_pct=one.top_pct)
        found["brier"] = int((own * misses).sum()) / MILLION**2 / people if people else np.nan
        found["oe"] = observed * MILLION / expected if expected else np.nan
        found["ece"] = _expected_calibration_error(one, own, events, millionths)
        found["intercept"], found["slope"] = _one_step(one.newton, own)
        return found

    return measured


def described(one: Population, draws: Mapping[str, Floats]) -> dict[str, Any]:
    """The population's entry in evaluation.json, of the sample itself and of the draws."""
    everyone = everyone_once(int(one.among.max()) + 1)
    point = dict(measure_of(one)(everyone))
    # The sample's own line is fitted to the end, not by one step from itself.
    point["intercept"], point["slope"] = calibration_line(one.risk, one.outcome)
    table = _bins(one)
    people, events = len(one.outcome), int(one.outcome.sum())

    def triple(quantity: str) -> Triple:
        return [point[quantity], *percentile_interval(draws[quantity])]

    return {
        "people": people,
        "events": events,
        "prevalence": events / people,
        **{name: triple(name) for name in ("auroc", "average_precision", "brier", "slope", "intercept", "oe")},
        "log_loss": log_loss(one.risk, one.outcome),
        "ece_20": [point["ece"], *_turned(point["ece"], draws["ece"])],
        "ece_20_by_chance": _chance_error(one),
        "largest_gap": max(abs(row["observed"] - row["expected"]) for row in table),
        "bins": table,
        "bands": [vars(band) for band in by_risk(one.risk, one.outcome)],
        "top": [_top(pct, people, point, draws) for pct in one.top_pct],
    }


def _top(pct: float, people: int, point: Mapping[str, float], draws: Mapping[str, Floats]) -> dict[str, Any]:
    ppv, sensitivity = f"ppv_{pct:g}", f"sensitivity_{pct:g}"
    low, high = percentile_interval(draws[ppv])
    # One over the share found: a list that finds nobody would need endless reviews, which null says.
    needed: Triple = [1 / share if share > 0 else None for share in (point[ppv], high, low)]
    return {
        "pct": pct,
        "k": list_size(people, pct),
        "found": int(point[f"found_{pct:g}"]),
        "ppv": [point[ppv], low, high],
        "sensitivity": [point[sensitivity], *percentile_interval(draws[sensitivity])],
        "number_needed_to_review": needed,
    }


def _turned(estimate: float, draws: Floats) -> tuple[float, float]:
    """The basic interval: a distance grows in every resample, so its draws are turned about the estimate."""
    low, high = percentile_interval(draws)
    return max(0.0, 2 * estimate - high), max(0.0, 2 * estimate - low)


def _expected_calibration_error(one: Population, own: Counts, events: Counts, millionths: Counts) -> float:
    # Observed less expected of each bin, in millionths: their sizes cancel against the bins' weights.
    gap = own[one.rising] * (events[one.rising] * MILLION - millionths[one.rising])
    total = int(own.sum())
    return float(np.abs(np.add.reduceat(gap, one.bins)).sum()) / MILLION / total if total else float("nan")


def _chance_error(one: Population) -> float:
    """What the expected calibration error would be, on average, if every risk were true: no sample is without one."""
    variance = np.add.reduceat((one.risk * (1 - one.risk))[one.rising], one.bins)
    return float(np.sqrt(2 / np.pi) * np.sqrt(variance).sum() / len(one.risk))


def _bins(one: Population) -> list[dict[str, float]]:
    table = []
    for part in np.split(one.rising, one.bins[1:]):
        events = int(one.outcome[part].sum())
        low, high = share_interval(events, len(part), confidence=0.95)
        table.append(
            {
                "people": len(part),
                "expected": float(one.risk[part].mean()),
                "observed": events / len(part),
                "low": low,
                "high": high,
            }
        )
    return table


@dataclass(frozen=True)
class _Newton:
    """Gradient and curvature of the calibration line's likelihood, row by row, at the sample's own fit."""

    level: float  # intercept with the slope held at one
    level_gap: Floats
    level_weight: Floats
    line: tuple[float, float]  # intercept and slope fitted freely
    gap: Floats
    gap_by: Floats
    weight: Floats
    weight_by: Floats
    weight_by_by: Floats


def _newton(risk: Floats, outcome: npt.NDArray[np.int8]) -> _Newton:
    odds, target = odds_from_probability(risk), outcome.astype(np.float64)
    level, _ = fit_line(odds, target, slope_fixed=True)
    intercept, slope = fit_line(odds, target)
    at_level, at_line = probability(level + odds), probability(intercept + slope * odds)
    weight = at_line * (1 - at_line)
    return _Newton(
        level=level,
        level_gap=target - at_level,
        level_weight=at_level * (1 - at_level),
        line=(intercept, slope),
        gap=target - at_line,
        gap_by=(target - at_line) * odds,
        weight=weight,
        weight_by=weight * odds,
        weight_by_by=weight * odds * odds,
    )


def _one_step(at: _Newton, own: Counts) -> tuple[float, float]:
    """(intercept with slope one, slope) of a draw: one Newton step from the sample's fit."""

    def total(rows: Floats) -> float:
        return float((own * rows).sum())

    level_weight = total(at.level_weight)
    level = at.level + total(at.level_gap) / level_weight if level_weight > 0 else float("nan")
    w, wx, wxx = total(at.weight), total(at.weight_by), total(at.weight_by_by)
    determinant = w * wxx - wx * wx
    if determinant <= 1e-12 * max(w * wxx, 1e-300):
        return level, float("nan")
    return level, at.line[1] + (w * total(at.gap_by) - wx * total(at.gap)) / determinant
