"""From measures to words: targets met or not, what fails, and whether promotion needs a recorded reason.

Pure. A bound fails only when a whole interval lies beyond it; what is too small to say stays too small to say.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.rules.evaluation_groups import FAILS, NO_LABELS
from pipeline.rules.evaluation_intervals import normal_99_from_95

CLEAR, NEEDS_REASON = "clear", "needs a reason"
MET, NOT_MET, TOO_FEW, NOT_MEASURED = "met", "not met", "too few to say", "not measured"
WORDS = {
    "age_band": "age",
    "sex": "sex",
    "ethnic_group": "ethnic group",
    "imd_fifth": "fifth of deprivation",
    "practice_code": "practice",
    "segment": "segment",
    "prior_admissions": "earlier admissions",
    "registration": "registration",
}


def fairness(subgroups: Sequence[Mapping[str, Any]], *, cut_pct: float) -> dict[str, Any]:
    """Groups whose risk does not mean what it says, and groups whose people the list finds too rarely."""
    failing = [
        {"by": row["by"], "value": row["value"], "title": row["title"], "fails": what}
        for row in subgroups
        for what, verdict in (("calibration", row["verdict"]), ("sensitivity", row["sensitivity_verdict"]))
        if verdict in (FAILS, NO_LABELS)
    ]
    told = {each["fails"] for each in failing}
    return {
        "cut_pct": cut_pct,
        "calibration": FAILS if "calibration" in told else CLEAR,
        "sensitivity": FAILS if "sensitivity" in told else CLEAR,
        "failing": failing,
    }


def verdict(
    *,
    whole: Mapping[str, Any],
    subgroups: Sequence[Mapping[str, Any]],
    alarms: Sequence[str],
    overall: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """{word, findings}: `needs a reason` when anything fails or alarms. `overall`: bounds of oe and slope."""
    findings = [{"gate": "leakage", "says": says} for says in alarms]
    for quantity, title in (("oe", "Observed over expected"), ("slope", "The calibration slope")):
        low, high = normal_99_from_95(whole[quantity])
        least, most = overall[quantity]
        if high < least or low > most:
            says = (
                f"{title} of everyone is {whole[quantity][0]:.2f}, outside {least:g} to {most:g} in its whole interval"
            )
            findings.append({"gate": "calibration", "says": says})
    findings += [{"gate": "fairness", "says": _says(row, what)} for row in subgroups for what in _failing(row)]
    return {"word": NEEDS_REASON if findings else CLEAR, "findings": findings}


def _failing(row: Mapping[str, Any]) -> list[str]:
    told = []
    if row["verdict"] in (FAILS, NO_LABELS):
        told.append(str(row["verdict"]))
    if row["sensitivity_verdict"] == FAILS:
        told.append("sensitivity")
    return told


def _says(row: Mapping[str, Any], what: str) -> str:
    who = f"{WORDS.get(row['by'], row['by']).capitalize()} {row['title']}"
    if what == "sensitivity":
        found, low, high = row["sensitivity"]
        return (
            f"{who}: the list holds {found:.0%} of the people with the event ({low:.0%} to {high:.0%}), "
            "fewer than of everyone"
        )
    low, high = row["interval"]
    if what == NO_LABELS:
        return (
            f"{who}: hardly any outcome was recorded (at most {high:.2f} of what was expected): "
            "its outcomes may not have come"
        )
    return f"{who}: observed over expected lies between {low:.2f} and {high:.2f}, outside the bounds"


def targets(
    *,
    unseen: Mapping[str, Any] | None,
    oracle: Mapping[str, Any] | None,
    differences: Sequence[Mapping[str, Any]],
    wanted: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Each target with what was reached. On fewer people than declared nothing is met and nothing missed.

    `wanted`: people_least, slope, oe, ece_most, lift_share_wanted, lift_share_least.
    """
    enough = unseen is not None and unseen["people"] >= wanted["people_least"]
    slope, ratio, error = (unseen[name] if unseen else None for name in ("slope", "oe", "ece_20"))
    lift = oracle["lift_share"] if oracle else None
    told = [
        _within("Calibration slope, unseen practices", wanted["slope"], slope, enough),
        _within("Observed over expected, unseen practices", wanted["oe"], ratio, enough),
        _within("Expected calibration error, unseen practices", (0.0, wanted["ece_most"]), error, enough),
        _within("Share of the oracle's lift, unseen practices", (wanted["lift_share_wanted"], None), lift, enough),
        _within("Share of the oracle's lift, never under", (wanted["lift_share_least"], None), lift, enough),
    ]
    return told + [
        {
            "name": f"Ahead in AUROC of {row['title']}",
            "wanted": [0.0, None],
            "got": row.get("auroc_difference"),
            "word": _ahead(row, enough),
        }
        for row in differences
    ]


def _ahead(row: Mapping[str, Any], enough: bool) -> str:
    if row.get("auroc_difference") is None:
        return NOT_MEASURED
    if not enough:
        return TOO_FEW
    return MET if row["verdict"] == "ahead" else NOT_MET


def _within(
    name: str, bounds: tuple[float | None, float | None], got: Sequence[float] | None, enough: bool
) -> dict[str, Any]:
    low, high = bounds
    word = NOT_MEASURED
    if got is not None:
        inside = (low is None or got[0] >= low) and (high is None or got[0] <= high)
        word = (MET if inside else NOT_MET) if enough else TOO_FEW
    return {"name": name, "wanted": [low, high], "got": list(got) if got is not None else None, "word": word}
