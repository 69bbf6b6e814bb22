"""Groups of people judged apart: does the risk mean the same for each, and whom does the list find?

Numpy only. A group fails when its interval, made wider for the number of groups asked, lies wholly outside the bounds;
most groups are too small to say. Counts under `hidden_below` are left out, since a page of groups is read by many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rules.age_bands import AGE_BANDS
from pipeline.rules.evaluation_intervals import auroc_interval_of, ratio_interval, share_interval
from pipeline.rules.evaluation_resampling import Floats

WITHIN, TOO_FEW, FAILS, NO_LABELS = "within", "too few to say", "fails", "no labels"
NOT_KNOWN = "not known"
# Less than this share of what was expected, in the whole interval: not a poor score but outcomes that never came.
LABELLED_LEAST = 0.25
Labels = npt.NDArray[np.str_]


@dataclass(frozen=True)
class GroupRules:
    """Declared bounds: of observed over expected, and of a group's sensitivity as a share of everyone's."""

    confidence: float
    oe_low: float
    oe_high: float
    hidden_below: int
    sensitivity_share_least: float
    sensitivity_by: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """What is judged, by person: risk, outcome, and whether the person is on the list at the published cut."""

    risk: Floats
    outcome: npt.NDArray[np.int8]
    listed: npt.NDArray[np.bool_]


def age_bands(ages: npt.NDArray[np.int64]) -> Labels:
    """The band of each age in whole years."""
    place = np.searchsorted([start for start, _ in AGE_BANDS], ages, side="right") - 1
    return np.array([name for _, name in AGE_BANDS])[place]


def fifths(deciles: Sequence[int | None]) -> Labels:
    """Fifths of deprivation, 1 most deprived, from tenths."""
    return np.array([NOT_KNOWN if decile is None else f"{(decile + 1) // 2}" for decile in deciles], dtype=str)


def named(values: Sequence[object]) -> Labels:
    """Labels as text; nothing becomes `not known`."""
    return np.array([NOT_KNOWN if value is None else str(value) for value in values], dtype=str)


def judge_groups(
    judged: Judged, groupings: Mapping[str, Labels], *, titles: Mapping[tuple[str, str], str], rules: GroupRules
) -> list[dict[str, Any]]:
    """One entry for each group of each grouping, in order of grouping and value."""
    members = [
        (by, str(value), labels == value) for by, labels in groupings.items() for value in np.unique(labels).tolist()
    ]
    asked = sum(_can_be_asked(judged, inside, rules=rules) for _, _, inside in members)
    confidence = 1 - (1 - rules.confidence) / max(1, asked)
    everyone = int(judged.outcome[judged.listed].sum()) / max(1, int(judged.outcome.sum()))
    return [
        {"by": by, "value": value, "title": titles.get((by, value), value)}
        | _calibrated(judged, inside, rules=rules, confidence=confidence)
        | _found(
            judged, inside, rules=rules, confidence=confidence, everyone=everyone, is_asked=by in rules.sensitivity_by
        )
        for by, value, inside in members
    ]


def verdict_of(low: float, high: float, *, rules: GroupRules) -> str:
    """What an interval of observed over expected says against the bounds."""
    if high < LABELLED_LEAST:
        return NO_LABELS
    if high < rules.oe_low or low > rules.oe_high:
        return FAILS
    return WITHIN if rules.oe_low <= low and high <= rules.oe_high else TOO_FEW


def _can_be_asked(judged: Judged, inside: npt.NDArray[np.bool_], *, rules: GroupRules) -> bool:
    return int(inside.sum()) >= rules.hidden_below and float(judged.risk[inside].sum()) > 0


def _calibrated(
    judged: Judged, inside: npt.NDArray[np.bool_], *, rules: GroupRules, confidence: float
) -> dict[str, Any]:
    people, events = int(inside.sum()), int(judged.outcome[inside].sum())
    nothing = {"people": None, "events": None, "expected": None, "oe": None, "interval": None, "auroc": None}
    if not _can_be_asked(judged, inside, rules=rules):
        return nothing | {"verdict": TOO_FEW}
    risk, outcome = judged.risk[inside], judged.outcome[inside]
    ratio, low, high = ratio_interval(risk, outcome, confidence=confidence)
    is_shown = events >= rules.hidden_below
    area = auroc_interval_of(risk, outcome, confidence=0.95) if is_shown else None
    return {
        "people": people,
        "events": events if is_shown else None,
        "expected": float(risk.sum()),
        "oe": ratio if is_shown else None,
        "interval": [low, high],
        "verdict": verdict_of(low, high, rules=rules),
        "auroc": list(area) if area else None,
    }


def _found(
    judged: Judged,
    inside: npt.NDArray[np.bool_],
    *,
    rules: GroupRules,
    confidence: float,
    everyone: float,
    is_asked: bool,
) -> dict[str, Any]:
    """Of the group's people with the event, how many the list held; compared with everyone only where declared."""
    on_list = inside & judged.listed
    listed, events = int(on_list.sum()), int(judged.outcome[inside].sum())
    found = int(judged.outcome[on_list].sum())
    unsaid = {"listed": None, "ppv": None, "sensitivity": None, "sensitivity_verdict": TOO_FEW}
    if min(events, int(inside.sum())) < rules.hidden_below:
        return unsaid
    low, high = share_interval(found, events, confidence=confidence)
    word = TOO_FEW
    least = rules.sensitivity_share_least * everyone
    if high < least:
        word = FAILS
    elif low >= least:
        word = WITHIN
    return {
        "listed": listed if listed >= rules.hidden_below else None,
        "ppv": found / listed if listed >= rules.hidden_below else None,
        "sensitivity": [found / events, low, high],
        "sensitivity_verdict": word if is_asked else None,
    }
