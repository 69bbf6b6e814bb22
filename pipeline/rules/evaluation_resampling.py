"""Bootstrap by person: the same draws of people for every score and every population, so that differences are paired.

Numpy only. A draw says how often each person was drawn; scores are sorted once and each draw only counts along that
order, in whole numbers, so that neither threads nor the order of sums can change a digit. A person has one row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
# Weights in (how often each person was drawn), measures by name out; NaN where a draw cannot say.
Measure = Callable[[Counts], Mapping[str, float]]
Draws = Mapping[str, Mapping[str, Floats]]


@dataclass(frozen=True)
class Ranked:
    """The people of one population by falling score; equal scores by person_key ascending.

    order: their places among everyone. outcome: 0 or 1 in that order. ends: last place of each run of equal scores.
    """

    order: Counts
    outcome: Counts
    ends: Counts

    @property
    def people(self) -> int:
        return len(self.order)


def ranked(score: Floats, outcome: npt.NDArray[np.int8], *, among: npt.NDArray[np.bool_] | None = None) -> Ranked:
    """Sort once. Everyone's arrays must be sorted by person_key; `among` chooses the population.

    ValueError if the score is unknown of somebody in it.
    """
    chosen = np.arange(len(score)) if among is None else np.flatnonzero(among)
    if len(score) != len(outcome) or np.isnan(score[chosen]).any():
        raise ValueError("a ranking needs a score and an outcome of each person of its population")
    order = chosen[np.argsort(-score[chosen], kind="stable")]
    falling = score[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(order) else order
    return Ranked(order=order.astype(np.int64), outcome=outcome[order].astype(np.int64), ends=ends.astype(np.int64))


def everyone_once(people: int) -> Counts:
    """The weights of the sample itself."""
    return np.ones(people, dtype=np.int64)


def resample(measures: Mapping[str, Measure], *, people: int, resamples: int, seed: int) -> Draws:
    """Each measure on the same draws of people with replacement: name, then quantity, then one value a draw."""
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn: dict[str, dict[str, list[float]]] = {name: {} for name in measures}
    for _ in range(resamples):
        weights = np.bincount(generator.integers(0, people, people), minlength=people).astype(np.int64)
        for name, measure in measures.items():
            for quantity, value in measure(weights).items():
                drawn[name].setdefault(quantity, []).append(value)
    return {
        name: {quantity: np.array(values, dtype=np.float64) for quantity, values in each.items()}
        for name, each in drawn.items()
    }


def ordering_measures(one: Ranked, weights: Counts, *, top_pct: Sequence[float] = ()) -> dict[str, float]:
    """AUROC, average precision and, for each share, what a list of exactly that share of the drawn people finds.

    Keys: auroc, average_precision, and ppv_<pct>, sensitivity_<pct>, found_<pct>.
    """
    drawn = weights[one.order]
    listed, found = np.cumsum(drawn), np.cumsum(drawn * one.outcome)
    people = int(listed[-1]) if len(listed) else 0
    events = int(found[-1]) if len(found) else 0
    measured = {"auroc": np.nan, "average_precision": np.nan}
    if 0 < events < people:
        at_end, found_at_end = listed[one.ends], found[one.ends]
        gained = np.diff(found_at_end, prepend=0)
        without = at_end - found_at_end
        ties = np.diff(without, prepend=0)
        pairs = int((gained * (2 * (people - events) - 2 * without + ties)).sum())
        measured["auroc"] = pairs / (2 * events * (people - events))
        # The first runs of a draw may be of people who were not drawn: nothing listed yet, nothing gained either.
        precision = found_at_end / np.maximum(at_end, 1)
        measured["average_precision"] = float((gained * precision).sum() / events)
    for pct in top_pct:
        measured |= _list_measures(one, listed, found, people=people, events=events, pct=pct)
    return measured


def list_size(people: int, pct: float) -> int:
    """How many people are exactly this share, rounded up. In whole numbers: 2 per cent of 50 is 1, never 2."""
    return max(1, -(-people * round(pct * 1000) // 100_000))


def percentile_interval(draws: Floats, *, confidence: float = 0.95) -> tuple[float, float]:
    """The middle share of the draws that could say anything; NaN when none could."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)


def normal_interval(estimate: float, draws: Floats, *, confidence: float) -> tuple[float, float]:
    """Estimate and normal quantiles of the draws' spread: for tails that a few hundred draws cannot show."""
    known = draws[~np.isnan(draws)]
    if len(known) < 2:
        return float("nan"), float("nan")
    reach = normal_quantile(confidence) * float(known.std(ddof=1))
    return estimate - reach, estimate + reach


def normal_quantile(confidence: float) -> float:
    """How many standard errors an interval of this confidence reaches to each side."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _list_measures(
    one: Ranked, listed: Counts, found: Counts, *, people: int, events: int, pct: float
) -> dict[str, float]:
    """A list that is exactly full: of a person drawn more often than there is room, only as many times as fit."""
    if not people:
        return {f"ppv_{pct:g}": np.nan, f"sensitivity_{pct:g}": np.nan, f"found_{pct:g}": np.nan}
    size = list_size(people, pct)
    last = int(np.searchsorted(listed, size))
    before, found_before = (int(listed[last - 1]), int(found[last - 1])) if last else (0, 0)
    total = found_before + (size - before) * int(one.outcome[last])
    return {
        f"ppv_{pct:g}": total / size,
        f"sensitivity_{pct:g}": total / events if events else float("nan"),
        f"found_{pct:g}": float(total),
    }
