"""The model beside other scores, on the same people and the same draws: what it is ahead, or behind, and how surely.

Numpy only. Every difference is paired: in each draw both scores order the very same people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rules.evaluation_resampling import (
    Counts,
    Floats,
    Measure,
    Ranked,
    everyone_once,
    normal_interval,
    ordering_measures,
    percentile_interval,
    ranked,
)

AHEAD, BEHIND, TOO_CLOSE = "ahead", "behind", "too close to say"


@dataclass(frozen=True)
class Pair:
    """The model and another score on one population; `people` is everyone's number, for the weights."""

    model: Ranked
    other: Ranked
    people: int
    cut_pct: float


def pair(
    model: Floats,
    other: Floats,
    outcome: npt.NDArray[np.int8],
    *,
    among: npt.NDArray[np.bool_],
    cut_pct: float,
) -> Pair | None:
    """None when the population is empty or has only one kind of outcome."""
    own = outcome[among]
    if not 0 < int(own.sum()) < len(own):
        return None
    return Pair(
        model=ranked(model, outcome, among=among),
        other=ranked(other, outcome, among=among),
        people=len(model),
        cut_pct=cut_pct,
    )


def measure_pair(one: Pair) -> Measure:
    """AUROC and people found at the cut of both in one draw, and their differences."""

    def measured(weights: Counts) -> Mapping[str, float]:
        found = f"found_{one.cut_pct:g}"
        model = ordering_measures(one.model, weights, top_pct=(one.cut_pct,))
        other = ordering_measures(one.other, weights, top_pct=(one.cut_pct,))
        return {
            "model_auroc": model["auroc"],
            "other_auroc": other["auroc"],
            "auroc_difference": model["auroc"] - other["auroc"],
            "model_found": model[found],
            "other_found": other[found],
            "found_difference": model[found] - other[found],
        }

    return measured


def compared(one: Pair, draws: Mapping[str, Floats], *, has_list: bool) -> dict[str, Any]:
    """The difference's entry, 95%; without a list (another outcome than the list's) nothing is said of people found."""
    point = measure_pair(one)(everyone_once(one.people))
    area = triple(point["auroc_difference"], draws["auroc_difference"])
    return {
        "people": one.model.people,
        "events": int(one.model.outcome.sum()),
        "model_auroc": triple(point["model_auroc"], draws["model_auroc"]),
        "score_auroc": triple(point["other_auroc"], draws["other_auroc"]),
        "auroc_difference": area,
        "found_difference": triple(point["found_difference"], draws["found_difference"]) if has_list else None,
        "verdict": verdict_of(area),
    }


def source_priced(one: Pair, draws: Mapping[str, Floats]) -> dict[str, Any]:
    """What the model loses without a source: `one` pairs the model of all sources with the one without it."""
    point = measure_pair(one)(everyone_once(one.people))
    return {
        "people": one.model.people,
        "auroc": triple(point["other_auroc"], draws["other_auroc"]),
        "auroc_cost": triple(point["auroc_difference"], draws["auroc_difference"]),
        "found": triple(point["other_found"], draws["other_found"]),
        "found_all": triple(point["model_found"], draws["model_found"]),
        "found_cost": triple(point["found_difference"], draws["found_difference"]),
        "cut_pct": one.cut_pct,
    }


def verdict_of(difference: Sequence[float]) -> str:
    """Whether the interval of a difference excludes zero, and on which side."""
    _, low, high = difference
    if low > 0:
        return AHEAD
    return BEHIND if high < 0 else TOO_CLOSE


def beside_the_oracle(
    with_oracle: Pair, with_plain: Pair, draws: Mapping[str, Mapping[str, Floats]], *, names: tuple[str, str]
) -> dict[str, Any]:
    """The model between age and sex (nothing known) and the region's own risk (everything known).

    `names`: which of the draws are of the pair with the oracle and of the pair with age and sex, on the same people.
    lift_share: (model - age and sex) / (oracle - age and sex), in AUROC.
    """
    first, second = (draws[name] for name in names)
    point = measure_pair(with_oracle)(everyone_once(with_oracle.people))
    plain = measure_pair(with_plain)(everyone_once(with_plain.people))["other_auroc"]
    difference = point["auroc_difference"]
    share = _share(point["model_auroc"], plain, point["other_auroc"])
    shares = _share(first["model_auroc"], second["other_auroc"], first["other_auroc"])
    return {
        "people": with_oracle.model.people,
        "events": int(with_oracle.model.outcome.sum()),
        "oracle_auroc": triple(point["other_auroc"], first["other_auroc"]),
        "model_auroc": triple(point["model_auroc"], first["model_auroc"]),
        "age_sex_auroc": triple(plain, second["other_auroc"]),
        "model_minus_oracle": [difference, *normal_interval(difference, first["auroc_difference"], confidence=0.99)],
        "lift_share": triple(float(share), shares),
    }


def triple(estimate: float, draws: Floats) -> list[float]:
    """[estimate, low, high], 95%."""
    return [estimate, *percentile_interval(draws)]


def _share(model: Any, plain: Any, oracle: Any) -> Any:
    above = np.asarray(oracle - plain, dtype=np.float64)
    return np.where(above > 0, (model - plain) / np.where(above > 0, above, 1.0), np.nan)
