"""Intervals in closed form: of a share, of observed over expected, of an AUROC, for groups too many to resample.

Standard library and numpy. Sources: Wilson 1927 (share); Breslow and Day 1987, vol. II, Byar's approximation
(observed over expected); DeLong, DeLong and Clarke-Pearson 1988 (AUROC).
"""

from math import sqrt

import numpy as np
import numpy.typing as npt

from pipeline.rules.evaluation_resampling import Floats, normal_quantile


def share_interval(found: int, people: int, *, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share; ValueError without people."""
    if not 0 <= found <= people or not people:
        raise ValueError("a share needs people, and not more found than people")
    z = normal_quantile(confidence)
    share, square = found / people, z * z / people
    middle = share + square / 2
    reach = z * sqrt(share * (1 - share) / people + square / (4 * people))
    # At the ends the two roots meet exactly, which rounding would miss by a last digit.
    low = 0.0 if found == 0 else max(0.0, (middle - reach) / (1 + square))
    high = 1.0 if found == people else min(1.0, (middle + reach) / (1 + square))
    return low, high


def ratio_interval(risk: Floats, outcome: npt.NDArray[np.int8], *, confidence: float) -> tuple[float, float, float]:
    """(observed over expected, low, high) of a group.

    Byar's interval takes the count for a Poisson count, which is too wide where risks are high; so it is applied to
    the count as scaled by its own dispersion, measured at the ratio that was found and never above Poisson's.
    """
    observed, expected = int(outcome.sum()), float(risk.sum())
    if expected <= 0:
        raise ValueError("a group without any expected event has no ratio")
    ratio = observed / expected
    dispersion = 1.0
    if observed:
        likely = np.minimum(ratio * risk, 1.0)
        dispersion = min(1.0, max(float((likely * (1 - likely)).sum()) / observed, 1e-6))
    low, high = _poisson_interval(observed / dispersion, confidence=confidence)
    return ratio, low * dispersion / expected, high * dispersion / expected


def _poisson_interval(count: float, *, confidence: float) -> tuple[float, float]:
    z = normal_quantile(confidence)
    low = count * max(0.0, 1 - 1 / (9 * count) - z / (3 * sqrt(count))) ** 3 if count else 0.0
    above = count + 1
    return low, above * (1 - 1 / (9 * above) + z / (3 * sqrt(above))) ** 3


def auroc_with_error(score: Floats, outcome: npt.NDArray[np.int8]) -> tuple[float, float] | None:
    """(AUROC, its standard error) by DeLong's placements; None without two people with and two without the event."""
    with_event, without = int(outcome.sum()), int(len(outcome) - outcome.sum())
    if with_event < 2 or without < 2:
        return None
    values, place = np.unique(score, return_inverse=True)
    events = np.bincount(place, weights=outcome, minlength=len(values))
    others = np.bincount(place, minlength=len(values)) - events
    below = (np.cumsum(others) - others + others / 2) / without  # of one with the event at this score
    above = (np.cumsum(events[::-1])[::-1] - events + events / 2) / with_event  # of one without it
    area = float((events * below).sum() / with_event)
    spread_with = float((events * (below - area) ** 2).sum() / (with_event - 1))
    spread_without = float((others * (above - area) ** 2).sum() / (without - 1))
    return area, sqrt(spread_with / with_event + spread_without / without)


def auroc_interval_of(
    score: Floats, outcome: npt.NDArray[np.int8], *, confidence: float
) -> tuple[float, float, float] | None:
    """(AUROC, low, high), the ends kept within 0 and 1."""
    found = auroc_with_error(score, outcome)
    if found is None:
        return None
    area, error = found
    reach = normal_quantile(confidence) * error
    return area, max(0.0, area - reach), min(1.0, area + reach)


def normal_99_from_95(triple: tuple[float, float, float] | list[float]) -> tuple[float, float]:
    """A 99% interval with the ends of a 95% one moved outwards as far as on a normal curve, each side by itself."""
    estimate, low, high = triple
    wider = normal_quantile(0.99) / normal_quantile(0.95)
    return estimate - (estimate - low) * wider, estimate + (high - estimate) * wider
