"""How far a column of today's people lies from those the model was judged on: the population stability index.

Numpy only, of arrays with NaN for null. PSI adds up (share now - share then) x ln(share now / share then) over bins
fixed on the reference, null being a bin of its own (Siddiqi 2006, Credit Risk Scorecards; 0.10 and 0.25 are its
customary marks: check before use). PSI hardly moves for what few people have, so the share of people who have anything
at all is held against the reference beside it. Neither says why.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from pipeline.rules.evaluation_resampling import normal_quantile

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
BINS = 10
# A bin that holds less of the reference than this is joined to its neighbour: its logarithm would be mostly chance.
LEAST_SHARE = 0.005
# How sure a difference must be to be told at all; hundreds of columns are looked at.
CONFIDENCE = 0.999


def drift(reference: Floats, now: Floats) -> "Drift":
    """How one column moved; ValueError when either side has nobody."""
    if not len(reference) or not len(now):
        raise ValueError("a drift needs people on both sides")
    cuts = cuts_of(reference)
    then, today = _counts(reference, cuts), _counts(now, cuts)
    return Drift(
        psi=psi(then, today),
        psi_by_chance=psi_by_chance(then, today),
        null_then=share(np.isnan(reference)),
        null_now=share(np.isnan(now)),
        present_then=share(_present(reference)),
        present_now=share(_present(now)),
        present_differs=_shares_differ(_present(reference), _present(now)),
    )


def cuts_of(reference: Floats) -> Floats:
    """Rising cuts between bins: the most common value by itself, tenths of the others, none with too few people."""
    known = reference[~np.isnan(reference)]
    if not len(known):
        return np.empty(0)
    values, times = np.unique(known, return_counts=True)
    common = values[int(np.argmax(times))]
    others = known[known != common]
    wanted = [common, np.nextafter(common, np.inf)]
    if len(others):
        # The nearest value that occurs, so that a cut never depends on how halves are rounded.
        tenths = np.quantile(others, np.linspace(0, 1, BINS)[1:-1], method="inverted_cdf")
        wanted += [float(one) for one in tenths]
    return _wide_enough(known, np.unique(np.asarray(wanted)), least=LEAST_SHARE * len(reference))


def psi(then: Counts, now: Counts) -> float:
    """The index over two counts by bin; half a person is added to each bin, so that an empty one stays finite."""
    first, second = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (then, now))
    return float(((second - first) * np.log(second / first)).sum())


def psi_by_chance(then: Counts, now: Counts) -> float:
    """What the index stays below in CONFIDENCE of cases when nothing moved.

    Without drift the index is about (1/n + 1/m) times a chi-square with one degree of freedom fewer than bins (Yurdakul
    2018, Statistical properties of population stability index); its quantile by Wilson and Hilferty 1931.
    """
    degrees = max(1, int(((then + now) > 0).sum()) - 1)
    z = normal_quantile(2 * CONFIDENCE - 1)
    spread = 2 / (9 * degrees)
    return float((1 / then.sum() + 1 / now.sum()) * degrees * (1 - spread + z * sqrt(spread)) ** 3)


def share(holds: npt.NDArray[np.bool_]) -> float:
    """Of how many it holds, 0 to 1."""
    return float(holds.mean()) if len(holds) else 0.0


def _present(values: Floats) -> npt.NDArray[np.bool_]:
    present: npt.NDArray[np.bool_] = ~np.isnan(values) & (values != 0)
    return present


def _shares_differ(then: npt.NDArray[np.bool_], now: npt.NDArray[np.bool_]) -> bool:
    """Whether two shares differ by more than chance, of people who are taken for other people each time."""
    together = (then.sum() + now.sum()) / (len(then) + len(now))
    error = sqrt(together * (1 - together) * (1 / len(then) + 1 / len(now)))
    return bool(abs(share(then) - share(now)) > normal_quantile(CONFIDENCE) * error)


def _counts(values: Floats, cuts: Floats) -> Counts:
    """People by bin, the last being null."""
    missing = np.isnan(values)
    place = np.searchsorted(cuts, values[~missing], side="right")
    return np.append(np.bincount(place, minlength=len(cuts) + 1), missing.sum()).astype(np.int64)


def _wide_enough(known: Floats, cuts: Floats, *, least: float) -> Floats:
    """The cuts that leave enough people below them since the last kept one, and above the last."""
    below = np.searchsorted(np.sort(known), cuts, side="left")
    kept: list[int] = []
    for place, people in enumerate(below):
        if people - (below[kept[-1]] if kept else 0) >= least and len(known) - people >= least:
            kept.append(place)
    return cuts[kept]


@dataclass(frozen=True)
class Drift:
    """One column then and now: PSI, what it could be by chance, shares of null and of people who have anything."""

    psi: float
    psi_by_chance: float
    null_then: float
    null_now: float
    present_then: float
    present_now: float
    present_differs: bool
