"""Turns raw log-odds into probabilities that mean what they say, by one of three order-keeping maps.

Platt: a straight line on the log-odds. Beta (Kull, Silva Filho and Flach 2017, AISTATS): a smooth bend with one slope
for low risks and another for high ones, so that the top can be put right without bending the rest. Isotonic: a rising
broken line through equal-count groups. All are fitted on predictions for people the model had not seen; none can put
one person above another who had a higher score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelUnfit

Floats = npt.NDArray[np.float64]
Method = Literal["platt", "isotonic", "beta"]
WhichDates = Literal["newest_index_date", "all_index_dates"]
LOG_ODDS_MOST = 30.0
_GROUPS_MOST = 200
_PEOPLE_PER_GROUP = 50


def fit_calibration(log_odds: Floats, outcome: npt.NDArray[np.int8], *, method: Method) -> "Calibration":
    """Fit the named map; raises ModelUnfit when higher scores do not go with more events."""
    _check(log_odds, outcome)
    if method == "platt":
        return _fit_platt(log_odds, outcome)
    if method == "beta":
        return _fit_beta(log_odds, outcome)
    return _fit_isotonic(log_odds, outcome)


def calibrating_dates(events: Mapping[str, int], *, which: WhichDates, at_least: int) -> tuple[str, ...]:
    """The index dates (ISO) whose rows calibrate, oldest first; `events` counts people with the outcome by date.

    A calibration should describe the present, so the newest date alone if that is asked for; where it has fewer than
    `at_least` people with the outcome its own chance error would be worse than what is old in the others: then all.
    """
    dates = tuple(sorted(events))
    if which == "newest_index_date" and events[dates[-1]] >= at_least:
        return dates[-1:]
    return dates


def apply_calibration(calibration: "Calibration", log_odds: Floats) -> Floats:
    """Calibrated probabilities in (0, 1), each from its own log-odds alone; order is never reversed."""
    return probability(calibrated_log_odds(calibration, log_odds))


def calibrated_log_odds(calibration: "Calibration", log_odds: Floats) -> Floats:
    """The map on log-odds; beyond the fitted range it goes on with slope one, so top scores do not tie."""
    raw = np.asarray(log_odds, dtype=np.float64)
    if calibration.method == "platt":
        return calibration.intercept + calibration.slope * raw
    if calibration.method == "beta":
        low, high = _beta_terms(raw)
        bent: Floats = calibration.intercept + calibration.slope * low + calibration.slope_high * high
        return bent
    knots, heights = np.asarray(calibration.knots), np.asarray(calibration.heights)
    inside: Floats = np.interp(raw, knots, heights)
    outside: Floats = np.minimum(raw - knots[0], 0.0) + np.maximum(raw - knots[-1], 0.0)
    return inside + outside


def calibration_from_json(content: Mapping[str, Any]) -> "Calibration":
    """Read what `Calibration.as_json` wrote; raises ModelUnfit if it could reverse an order."""
    calibration = Calibration(
        method=content["method"],
        intercept=float(content.get("intercept", 0.0)),
        slope=float(content.get("slope", 1.0)),
        slope_high=float(content.get("slope_high", 1.0)),
        knots=tuple(float(x) for x in content.get("knots", ())),
        heights=tuple(float(y) for y in content.get("heights", ())),
    )
    rising = bool(np.all(np.diff(calibration.knots) > 0) and np.all(np.diff(calibration.heights) >= 0))
    has_shape = calibration.method in ("platt", "beta") or len(calibration.knots) == len(calibration.heights) > 0
    if calibration.slope <= 0 or calibration.slope_high <= 0 or not rising or not has_shape:
        raise ModelUnfit("The calibration would reverse the order of scores", where="calibration.json")
    return calibration


def probability(log_odds: Floats) -> Floats:
    """The logistic function, clipped well before it could overflow."""
    share: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -LOG_ODDS_MOST, LOG_ODDS_MOST)))
    return share


def odds_from_probability(probabilities: Floats) -> Floats:
    """Log-odds of probabilities, clipped like `probability`."""
    edge = 1e-12
    inside = np.clip(probabilities, edge, 1 - edge)
    return np.log(inside) - np.log1p(-inside)


def fit_line(log_odds: Floats, target: Floats, *, slope_fixed: bool = False) -> tuple[float, float]:
    """Maximum-likelihood (intercept, slope) of target on log-odds, by Newton's method; slope 1 if fixed."""
    intercept, slope = 0.0, 1.0
    for _ in range(100):
        expected = probability(intercept + slope * log_odds)
        weight = expected * (1 - expected)
        gap = target - expected
        g0, g1 = float(gap.sum()), float((gap * log_odds).sum())
        h00, h01 = float(weight.sum()) + 1e-9, float((weight * log_odds).sum())
        h11 = float((weight * log_odds * log_odds).sum()) + 1e-9
        if slope_fixed:
            step0, step1 = g0 / h00, 0.0
        else:
            determinant = h00 * h11 - h01 * h01
            if determinant <= 1e-12 * h00 * h11:  # every score the same: only the level can be fitted
                step0, step1 = g0 / h00, 0.0
            else:
                step0, step1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        size = max(abs(step0), abs(step1))
        shrink = min(1.0, 2.0 / size) if size > 0 else 1.0  # long first steps overshoot on lopsided data
        intercept, slope = intercept + shrink * step0, slope + shrink * step1
        if size < 1e-10:
            break
    return intercept, slope


def _fit_platt(log_odds: Floats, outcome: npt.NDArray[np.int8]) -> "Calibration":
    # Platt's own smoothing of the targets (Platt 1999) keeps the line finite when the classes separate.
    events = int(outcome.sum())
    high, low = (events + 1) / (events + 2), 1 / (len(outcome) - events + 2)
    intercept, slope = fit_line(log_odds, np.where(outcome == 1, high, low))
    if slope <= 0:
        raise ModelUnfit("Higher scores do not go with more events, so nothing can be calibrated")
    return Calibration(method="platt", intercept=_short(intercept), slope=_short(slope))


def _beta_terms(log_odds: Floats) -> tuple[Floats, Floats]:
    """ln p and -ln(1 - p) of the raw log-odds: the first bends where risks are low, the second where they are high."""
    return -np.logaddexp(0.0, -log_odds), np.logaddexp(0.0, log_odds)


def _fit_beta(log_odds: Floats, outcome: npt.NDArray[np.int8]) -> "Calibration":
    terms = (np.ones(len(log_odds)), *_beta_terms(log_odds))
    start = np.array([0.0, 1.0, 1.0])
    weights, target = start.copy(), outcome.astype(np.float64)
    for _ in range(100):
        expected = probability(sum(weight * term for weight, term in zip(weights, terms, strict=True)))
        spread, gap = expected * (1 - expected), target - expected
        # Sums, not matrix products, whose last digit depends on threads. A thousandth of a person's pull towards the
        # start keeps the slopes finite.
        hessian = np.array([[float((one * other * spread).sum()) for other in terms] for one in terms])
        pull = np.array([float((gap * term).sum()) for term in terms]) - 1e-3 * (weights - start)
        step = np.linalg.solve(hessian + 1e-3 * np.eye(3), pull)
        size = float(np.abs(step).max())
        weights = weights + min(1.0, 2.0 / size if size > 0 else 1.0) * step
        if size < 1e-10:
            break
    if min(weights[1:]) <= 0:  # a bend that would turn the order round somewhere: the straight line cannot
        return _fit_platt(log_odds, outcome)
    return Calibration(
        method="beta", intercept=_short(weights[0]), slope=_short(weights[1]), slope_high=_short(weights[2])
    )


def _fit_isotonic(log_odds: Floats, outcome: npt.NDArray[np.int8]) -> "Calibration":
    order = np.argsort(log_odds, kind="stable")
    groups = max(1, min(_GROUPS_MOST, len(order) // _PEOPLE_PER_GROUP))
    blocks: list[tuple[float, float, float]] = []  # people, events, sum of log-odds
    for part in np.array_split(order, groups):
        blocks.append((float(len(part)), float(outcome[part].sum()), float(log_odds[part].sum())))
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][0] >= blocks[-1][1] * blocks[-2][0]:
            last, before = blocks.pop(), blocks.pop()
            blocks.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
    knots = np.array([total / people for people, _, total in blocks])
    rates = np.array([np.clip(events, 0.5, people - 0.5) / people for people, events, _ in blocks])
    heights = np.maximum.accumulate(odds_from_probability(rates))
    kept = np.concatenate(([True], np.diff(knots) > 1e-9))
    if len(knots[kept]) < 2 and groups > 1:
        raise ModelUnfit("Higher scores do not go with more events, so nothing can be calibrated")
    return Calibration(
        method="isotonic",
        knots=tuple(_short(x) for x in knots[kept]),
        heights=tuple(_short(y) for y in heights[kept]),
    )


def _check(log_odds: Floats, outcome: npt.NDArray[np.int8]) -> None:
    if len(log_odds) != len(outcome):
        raise ValueError("log-odds and outcomes differ in length")
    events = int(outcome.sum())
    if not 0 < events < len(outcome):
        raise ModelUnfit("Calibration needs people with and people without the outcome")


def _short(number: float) -> float:
    return float(f"{float(number):.10g}")


@dataclass(frozen=True)
class Calibration:
    """One fitted map on log-odds. Platt uses intercept and slope, beta also the slope of high risks; isotonic uses
    knots and heights."""

    method: Method
    intercept: float = 0.0
    slope: float = 1.0
    slope_high: float = 1.0
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What calibration.json holds."""
        if self.method == "platt":
            return {"method": self.method, "intercept": self.intercept, "slope": self.slope}
        if self.method == "beta":
            told = {"intercept": self.intercept, "slope": self.slope, "slope_high": self.slope_high}
            return {"method": self.method, **told}
        return {"method": self.method, "knots": list(self.knots), "heights": list(self.heights)}
