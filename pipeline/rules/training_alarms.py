"""What makes a trained model suspect on its own hold-out: too good to be true, or made for other people.

Sentences for whoever decides whether it may score. Judges nothing by itself: the full evaluation does.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.rules.evaluation import too_good


def alarms(
    measured: Mapping[str, Mapping[str, Any]], *, chosen: str, observed_over_expected: tuple[float, float]
) -> list[str]:
    """A sentence for each alarm, none when there is nothing to say; `measured` holds the measures by model's name."""
    found = too_good({name: each["auroc"] for name, each in measured.items()})
    low, high = observed_over_expected
    ratio = measured[chosen]["observed_over_expected"]
    told = [] if found is None else [found]
    if not low <= ratio <= high:
        told.append(
            f"of each 100 admissions expected at the hold-out {round(100 * ratio)} came, outside {low:g} to {high:g} "
            "of what was expected: the model was made for other people, or the outcome is not counted as it was, "
            "so look for a change of population, source or code list before using it"
        )
    return told
