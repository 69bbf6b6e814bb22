"""What makes a trained model suspect on its own hold-out: too good to be true, or made for other people.

Sentences for whoever decides whether it may score. Judges nothing by itself: the full evaluation does.
"""

import math
from collections.abc import Mapping
from typing import Any

from pipeline.rules.evaluation import too_good

SURE = 2.576  # standard errors either way of a 99% interval


def alarms(
    measured: Mapping[str, Mapping[str, Any]], *, chosen: str, events: int, observed_over_expected: tuple[float, float]
) -> list[str]:
    """A sentence for each alarm, none when there is nothing to say; `measured` holds the measures by model's name.

    What came is set against what was expected only as far as so many events can tell: the 99% interval (of a count that
    varies as Poisson's do, on the logarithm) must lie wholly outside the bounds.
    """
    found = too_good({name: each["auroc"] for name, each in measured.items()})
    low, high = observed_over_expected
    ratio = measured[chosen]["observed_over_expected"]
    told = [] if found is None else [found]
    spread = math.exp(SURE / math.sqrt(events))
    if ratio * spread < low or ratio / spread > high:
        told.append(
            f"of each 100 admissions expected at the hold-out {round(100 * ratio)} came, outside {low:g} to {high:g} "
            "of what was expected: the model was made for other people, or the outcome is not counted as it was, "
            "so look for a change of population, source or code list before using it"
        )
    return told
