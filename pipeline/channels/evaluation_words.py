"""How the figures of an evaluation are put for readers: shares, intervals, sentences. No figure is made here."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pipeline.rules.times import day_in_words

Row = Mapping[str, Any]
PARTS = {
    "all": "Everyone held out",
    "seen_practice": "Practices it learnt from, a later year",
    "unseen_practice": "Practices it never saw",
}
GROUPINGS = {
    "age_band": "Age",
    "sex": "Sex",
    "ethnic_group": "Ethnic group",
    "imd_fifth": "Deprivation (fifths of areas)",
    "prior_admissions": "Emergency admissions in the two years before",
    "registration": "Registration",
    "segment": "Segment",
    "practice_code": "Practice",
}
VALUES = {
    ("imd_fifth", "1"): "1, most deprived",
    ("imd_fifth", "5"): "5, least deprived",
    ("ethnic_group", "asian"): "Asian or Asian British",
    ("ethnic_group", "black"): "Black, Black British, Caribbean or African",
    ("ethnic_group", "mixed"): "Mixed or multiple",
    ("ethnic_group", "white"): "White",
    ("ethnic_group", "other"): "Other ethnic group",
    ("registration", "longer"): "registered a year and longer",
    ("registration", "newly registered"): "newly registered, under a year",
}
SOURCES = {
    "social_care": "adult social care",
    "community": "community services",
    "mental_health": "mental health services",
    "gp": "general practice",
    "acute": "hospital admissions",
    "emergency": "emergency departments",
    "outpatient": "outpatients",
}
SETS = {
    "gp_and_acute": "general practice and hospital admissions alone",
    "acute_only": "hospital admissions alone",
}
VERDICTS = {
    "within": "within bounds",
    "too few to say": "too few to say",
    "fails": "fails",
    "no labels": "no outcomes came",
}
CHECKS = {
    "split": "Training and hold-out are apart",
    "dates": "No feature sees the index date or later",
    "permuted": "With outcomes dealt out anew nothing is left to know",
    "single_feature": "No feature alone tells nearly everything",
    "too_good": "It is not better than such models can be",
    "oracle": "It is not better than the true risk",
}


def day(text: str) -> str:
    """An ISO date in words."""
    return day_in_words(date.fromisoformat(text))


def share(value: float | None, places: int = 1) -> str:
    """A share as a percentage; a dash for nothing."""
    return "–" if value is None else f"{100 * value:.{places}f}%"


def figure(value: float | None, places: int = 3) -> str:
    """A figure with so many places; a dash for nothing, a true minus sign."""
    return "–" if value is None else f"{value:.{places}f}".replace("-", "−")


def count(value: int | None, hidden_below: int = 0) -> str:
    """A count; one too small to show says so."""
    return f"under {hidden_below}" if value is None else f"{value:,}"


def spread(triple: Sequence[float | None] | None, places: int = 3) -> str:
    """`0.701 to 0.745`: the interval of [estimate, low, high]."""
    if triple is None or triple[1] is None:
        return "–"
    return f"{figure(triple[1], places)} to {figure(triple[2], places)}"


def spread_share(triple: Sequence[float | None] | None, places: int = 1) -> str:
    """The interval of a share, in per cent."""
    if triple is None or triple[1] is None:
        return "–"
    low, high = (100 * float(value or 0) for value in triple[1:])
    return f"{low:.{places}f} to {high:.{places}f}%"


def signed(value: float | None, places: int = 3) -> str:
    """With its sign, so that a loss is seen."""
    if value is None:
        return "–"
    told = f"{value:+.{places}f}"
    return told.lstrip("+-") if float(told) == 0 else told.replace("-", "−")


def signed_spread(triple: Sequence[float | None] | None, places: int = 3) -> str:
    if triple is None or triple[1] is None:
        return "–"
    return f"{signed(triple[1], places)} to {signed(triple[2], places)}"


def title_of(row: Row) -> str:
    """A group's name on the page."""
    return VALUES.get((row["by"], row["value"]), str(row["title"]))


def source_set(row: Row) -> str:
    """`without general practice`, or the name of a smaller set of sources."""
    if row["source"] is None:
        return SETS.get(row["set"], str(row["set"]).replace("_", " "))
    return f"without {SOURCES.get(row['source'], row['source'].replace('_', ' '))}"


def in_100(value: float) -> int:
    """People in a hundred, as a whole number."""
    return round(100 * value)


def shown(value: float | None, low: float, high: float) -> str:
    """Place on a scale from low to high, as a percentage of its width, kept on it."""
    place = 0.0 if value is None else (value - low) / (high - low)
    return f"{100 * min(1.0, max(0.0, place)):.2f}%"


def wanted(bounds: Sequence[float | None], places: int = 3) -> str:
    """A target's bounds in words."""
    low, high = bounds
    if low is None or high is None:
        return f"at least {low:g}" if low is not None else f"at most {high:g}"
    return f"at most {high:g}" if low == 0 else f"{low:g} to {high:g}"


def audit_told(name: str, check: Row) -> str:
    """What a check of the audit found, in a sentence, whether it alarms or not."""
    return _TOLD[name](check)


def _split(check: Row) -> str:
    people = check["unseen_people_learnt_from"]
    about = "whether people of unseen practices were learnt from is not recorded"
    if people is not None:
        about = f"{people:,} people of unseen practices were learnt from"
    dates = ", ".join(day(each) for each in check["training_index_dates"])
    return f"Learnt on {dates}; the latest date allowed was {day(check['latest_allowed'])}; {about}."


def _dates(check: Row) -> str:
    planted = check["planted"]
    tried = (
        f"not tried: {planted['why_not']}"
        if "why_not" in planted
        else (
            f"{planted['events']:,} events of {planted['people']:,} people were planted on the index date and the "
            f"day after; {len(planted['moved'])} columns moved"
        )
    )
    nearest = check["latest_event_used_days_before"]
    used = "no column counts days since an event"
    if nearest is not None:
        used = f"the nearest event counted lies {nearest} {'day' if nearest == 1 else 'days'} before it"
    return f"The windows of {check['queries']} queries end before the index date; {used}; {tried}."


def _permuted(check: Row) -> str:
    value, low, high = check["auroc"]
    return (
        f"A model of {check['rounds']} rounds, fitted to half of {check['people']:,} people with outcomes dealt out "
        f"anew, reaches an AUROC of {figure(value)} on the rest (99% interval {figure(low)} to {figure(high)}); chance "
        "is 0.500."
    )


def _single(check: Row) -> str:
    best = check["strongest"][0] if check["strongest"] else None
    told = f"; the strongest is {best['feature']} with {figure(best['auroc'])}" if best else ""
    return f"{check['asked']} features were asked one by one{told}; the bound is {check['most']:g}."


def _too_good(check: Row) -> str:
    return f"The bound is {check['most']:g}; peers that predict this for whole populations reach 0.77 to 0.80."


def _oracle(check: Row) -> str:
    difference = check["model_minus_oracle"]
    if difference is None:
        return "The true risk is known of invented people only, and was not given here."
    return f"Model less true risk, in AUROC: {signed(difference[0], 4)} (99% interval {signed_spread(difference, 4)})."


_TOLD = {
    "split": _split,
    "dates": _dates,
    "permuted": _permuted,
    "single_feature": _single,
    "too_good": _too_good,
    "oracle": _oracle,
}
