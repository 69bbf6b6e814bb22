"""How much a ranked list changed from one night to another, and what changed it.

Numpy and the standard library; pure functions of risks and keys. The model's part and the data's part are told apart by
ranking today's records with the model of before: from then to that list is the data's, from that list to today's the
model's.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pipeline.rules.evaluation_resampling import list_size

Floats = npt.NDArray[np.float64]
Cause = Literal["came", "died", "went", "model", "coverage", "news", "time", "others"]
# In the order in which they are asked: the first that fits is the cause.
CAUSES: Mapping[Cause, str] = {
    "came": "registered with a practice of ours since",
    "died": "died since",
    "went": "no longer registered here, or opted out",
    "model": "by the other model alone",
    "coverage": "a source began or ceased to cover them",
    "news": "new or corrected records",
    "time": "no new record: what lay in a time window moved on",
    "others": "their own risk did not move that way: others passed them, or left room",
}


def top(person_keys: Sequence[str], risk: Floats, *, pct: float) -> list[str]:
    """The list of `pct` per cent, in order: by risk descending, ties by person_key ascending, the registers' rule."""
    if not len(risk):
        return []
    order = np.lexsort((np.asarray(person_keys), -risk))[: list_size(len(risk), pct)]
    return [person_keys[place] for place in order]


def jaccard(one: Collection[str], other: Collection[str]) -> float | None:
    """People on both lists over people on either; None when both are empty."""
    first, second = set(one), set(other)
    return len(first & second) / len(first | second) if first | second else None


def rank_correlation(before: Floats, now: Floats) -> float | None:
    """Spearman's, equal risks sharing their middle rank; None below two people or where everyone is equal."""
    if len(before) != len(now):
        raise ValueError("a rank correlation needs the same people twice")
    if len(before) < 2:
        return None
    first, second = (_ranks(risk) for risk in (before, now))
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / scale if scale else None


def causes_of(came: Sequence[str], left: Sequence[str], facts: "Facts") -> "Causes":
    """Why each person who came onto the list or left it did so, counted; the first cause of CAUSES that fits."""
    entered = Counter(_why_entered(key, facts) for key in came)
    gone = Counter(_why_left(key, facts) for key in left)
    told = [key for key in came if _why_entered(key, facts) == "news"]
    told += [key for key in left if _why_left(key, facts) == "news"]
    sources = Counter(source for key in told for source in facts.news.get(key, frozenset()))
    return Causes(
        entered={cause: entered[cause] for cause in CAUSES if entered[cause]},
        left={cause: gone[cause] for cause in CAUSES if gone[cause]},
        news_by_source=dict(sorted(sources.items())),
    )


def _why_entered(key: str, facts: "Facts") -> Cause:
    if key not in facts.before:
        return "came"
    if facts.top_without_model_change is not None and key not in facts.top_without_model_change:
        return "model"
    return _why_moved(key, facts, rose=True)


def _why_left(key: str, facts: "Facts") -> Cause:
    if key not in facts.now:
        return "died" if key in facts.died else "went"
    if facts.top_without_model_change is not None and key in facts.top_without_model_change:
        return "model"
    return _why_moved(key, facts, rose=False)


def _why_moved(key: str, facts: "Facts", *, rose: bool) -> Cause:
    change = facts.data_change.get(key)
    if change is None or (change <= 0 if rose else change >= 0):
        return "others"
    if key in facts.coverage_changed:
        return "coverage"
    return "news" if facts.news.get(key) else "time"


def _ranks(values: Floats) -> Floats:
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(times)
    middle: Floats = ends - (times - 1) / 2
    return middle[place]


@dataclass(frozen=True)
class Facts:
    """What is known of the people in question: who was and is scored, who died, whose risk moved and why it may have.

    `data_change`: today's risk by the model of before, less that night's, of people scored on both. `news`: sources
    with rows that became known in between. `top_without_model_change`: today's list by the model of before; None where
    that model is today's.
    """

    before: Collection[str]
    now: Collection[str]
    died: Collection[str]
    data_change: Mapping[str, float]
    coverage_changed: Collection[str]
    news: Mapping[str, frozenset[str]]
    top_without_model_change: Collection[str] | None


@dataclass(frozen=True)
class Causes:
    """How many came and left by cause; of those with new records, from which sources (a person may count twice)."""

    entered: Mapping[str, int]
    left: Mapping[str, int]
    news_by_source: Mapping[str, int]
