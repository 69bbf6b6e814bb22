"""Signs that the future has leaked into a score: asked every time, each with its bound declared beside the plan.

Numpy only; values in, sentences out. What needs the store (events planted on the index date) is measured by the step
and judged here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rules.evaluation_intervals import auroc_with_error
from pipeline.rules.evaluation_resampling import Floats, normal_quantile
from pipeline.rules.times import months_before

SHOWN = 10
# Of fewer people with, or without, the outcome a feature alone says nothing: some of many are perfect by chance.
PEOPLE_LEAST = 30
# A window as the header of a query states it: `[index_date - 12 months, index_date)` or `before the index date`.
_CLOSED_OR_LATER = re.compile(r"index_date(?:\s*-[^,)\]]*)?\s*\]|index_date\s*\+")
_ENDS_BEFORE = re.compile(r"index_date(?:\s*-[^,)\]]*)?\s*\)|the index date|before index_date", re.IGNORECASE)


def single_feature(columns: Mapping[str, Floats], outcome: npt.NDArray[np.int8], *, most: float) -> dict[str, Any]:
    """Each feature as if it were the score, and whether it is known at all: none alone may tell nearly everything.

    Direction does not matter (0.2 counts as 0.8). An alarm names features whose whole interval, at 99% for all that are
    asked together (DeLong, Bonferroni), lies above `most`; with too few people on a side nothing is asked. The ten
    strongest are listed.
    """
    asked = []
    for name, values in columns.items():
        known = ~np.isnan(values)
        found = _area(values[known], outcome[known])
        if found is not None:
            asked.append({"feature": name, "people": int(known.sum()), **found})
        found = _area(known.astype(np.float64), outcome) if not known.all() and known.any() else None
        if found is not None:
            asked.append({"feature": f"{name}, known or not", "people": len(known), **found})
    reach = normal_quantile(1 - 0.01 / max(1, len(asked)))
    for row in asked:
        row["low"] = row["auroc"] - reach * row.pop("error")
    asked.sort(key=lambda row: (-row["auroc"], row["feature"]))
    above = [str(row["feature"]) for row in asked if row["low"] > most]
    alarm = f"One feature alone orders people with an AUROC above {most:g}: {', '.join(above)}" if above else None
    return {"most": most, "asked": len(columns), "strongest": asked[:SHOWN], "alarm": alarm}


def _area(values: Floats, outcome: npt.NDArray[np.int8]) -> dict[str, Any] | None:
    events = int(outcome.sum())
    if min(events, len(outcome) - events) < PEOPLE_LEAST:
        return None
    found = auroc_with_error(values, outcome)
    return None if found is None else {"auroc": max(found[0], 1 - found[0]), "error": found[1]}


def split(
    *,
    training_dates: Sequence[date],
    index_date: date,
    horizon_months: int,
    is_in_training: npt.NDArray[np.bool_] | None,
    is_unseen: npt.NDArray[np.bool_],
) -> dict[str, Any]:
    """Whether hold-out and training are apart: in time, and in people where practices were held out.

    A training outcome must be over before the hold-out begins, and nobody of an unseen practice may have been learnt
    from. `is_in_training` None: it was not recorded.
    """
    latest = months_before(index_date, horizon_months)
    reaching = [day for day in training_dates if day > latest]
    said = []
    if reaching:
        said.append(
            f"Training dates {', '.join(day.isoformat() for day in sorted(reaching))} have outcomes that reach past "
            f"the hold-out's index date {index_date.isoformat()}: rows, not dates, were split"
        )
    known_before = None if is_in_training is None else int((is_in_training & is_unseen).sum())
    if known_before:
        said.append(f"{known_before:,} people of unseen practices were learnt from")
    return {
        "training_index_dates": [day.isoformat() for day in sorted(training_dates)],
        "latest_allowed": latest.isoformat(),
        "unseen_people_learnt_from": known_before,
        "alarm": "; ".join(said) or None,
    }


def windows_that_do_not_end(windows: Mapping[str, str]) -> list[str]:
    """Names of queries whose declared window is closed at the index date, or does not say how it ends."""
    return sorted(
        name for name, text in windows.items() if _CLOSED_OR_LATER.search(text) or not _ENDS_BEFORE.search(text)
    )


def columns_too_late(days_since: Mapping[str, Floats]) -> list[str]:
    """Columns of days since an event in which some event lies on the index date or after it."""
    return sorted(name for name, days in days_since.items() if np.nanmin(days, initial=np.inf) < 1)


def dates(
    *,
    windows: Mapping[str, str],
    days_since: Mapping[str, Floats],
    planted: Mapping[str, Any],
    index_date: date,
) -> dict[str, Any]:
    """Whether any feature saw the index date: by its declared window, by the days it counts, by events planted on it.

    `planted`: {people, events, moved: columns that changed}, or {why_not}.
    """
    open_windows, late = windows_that_do_not_end(windows), columns_too_late(days_since)
    nearest = min((float(np.nanmin(days, initial=np.inf)) for days in days_since.values()), default=np.inf)
    moved = list(planted.get("moved", ()))
    said = []
    if "why_not" in planted:
        said.append(f"It could not be tried whether a feature sees too far: {planted['why_not']}")
    if open_windows:
        said.append(f"Declared windows do not end before the index date: {', '.join(open_windows)}")
    if late:
        said.append(f"Events on or after the index date are counted in {', '.join(late)}")
    if moved:
        said.append(f"Events planted on the index date and the day after change {', '.join(moved)}")
    return {
        "queries": len(windows),
        "windows_open": open_windows,
        "latest_event_used_days_before": int(nearest) if np.isfinite(nearest) else None,
        "index_date": index_date.isoformat(),
        "columns_too_late": late,
        "planted": dict(planted),
        "alarm": "; ".join(said) or None,
    }


def permuted(area: Sequence[float], *, rounds: int, people: int) -> dict[str, Any]:
    """Outcomes dealt out anew among people, a model fitted to half of them and judged on the rest: chance alone.

    `area`: AUROC with its 99% interval, which must hold 0.5.
    """
    value, low, high = area
    alarm = None
    if not low <= 0.5 <= high:
        alarm = (
            f"With outcomes dealt out anew among people a model still reaches an AUROC of {value:.3f} "
            f"({low:.3f} to {high:.3f}): what it is judged on is not apart from what it learns from"
        )
    return {"auroc": list(area), "confidence": 0.99, "rounds": rounds, "people": people, "alarm": alarm}


def above_the_oracle(difference: Sequence[float]) -> str | None:
    """An alarm when the model beats what can be known: the whole 99% interval of model less oracle above zero."""
    value, low, high = difference
    if low <= 0:
        return None
    return (
        f"The model orders people better than the region's own risk can (AUROC {value:+.4f}, 99% interval {low:+.4f} "
        f"to {high:+.4f}): it must have seen what came after the index date"
    )


def above_what_is_possible(auroc_low_high: Mapping[str, float], *, most: float) -> str | None:
    """An alarm when some score's AUROC lies above the declared bound."""
    above = sorted(name for name, value in auroc_low_high.items() if value > most)
    if not above:
        return None
    return (
        f"AUROC above {most:g} ({', '.join(above)}): twelve-month models of whole populations reach 0.77 to 0.80, so "
        "look for a leak from after the index date"
    )
