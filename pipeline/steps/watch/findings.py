"""From what was measured to what is said and done about it: the findings of a night, gravest first.

Each finding has words for the operator, and for the practice where the registers should say it. Bounds are the declared
ones (models/<name>/watching.yml); nothing is measured here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.contracts.watching import Watching
from pipeline.rules.times import day_in_words
from pipeline.rules.watch_verdict import LEVELS, Level, above, below, outside
from pipeline.steps.watch.source_states import TITLES

RUNBOOKS = {
    "churn": "docs/runbooks/list-changed-much.md",
    "rank_correlation": "docs/runbooks/list-changed-much.md",
    "model_change": "docs/runbooks/list-changed-much.md",
    "score_drift": "docs/runbooks/records-look-different.md",
    "source_drift": "docs/runbooks/records-look-different.md",
    "source_unknown": "docs/runbooks/records-look-different.md",
    "calibration_early": "docs/runbooks/scores-do-not-fit.md",
    "calibration": "docs/runbooks/scores-do-not-fit.md",
}


@dataclass(frozen=True)
class Finding:
    """One thing out of its bounds: which, how grave, for the operator, for the practice, and what to read."""

    code: str
    level: Level
    says: str
    tells: str
    runbook: str


def findings(content: Mapping[str, Any], *, watching: Watching) -> list[Finding]:
    """Findings of a night's measures, gravest first, else in the order they are asked."""
    found = [
        *_churn(content["churn"], watching),
        *_drift(content["drift"], watching),
        *_calibration(content["calibration"], watching),
    ]
    return sorted(found, key=lambda one: -LEVELS.index(one.level))


def _finding(code: str, level: Level, says: str, tells: str) -> Iterator[Finding]:
    if level != "quiet":
        yield Finding(code, level, says, tells, RUNBOOKS[code])


def _churn(churn: Mapping[str, Any] | None, watching: Watching) -> Iterator[Finding]:
    if churn is None or min(churn["top"]) < watching.compare.people_least:
        return
    bounds, then = watching.churn, day_in_words(date.fromisoformat(churn["before"]["as_of"]))
    listed, stayed = churn["top"][1], churn["stayed"]
    came = listed - stayed
    frozen = churn["frozen"]
    by_model = frozen["model_changed"] and frozen.get("model_jaccard") is not None
    yield from _finding(
        "churn",
        below(churn["jaccard"], notice=bounds.jaccard.notice, hold=bounds.jaccard.hold),
        f"of the {listed:,} people at the top {came:,} were not there on {then} (Jaccard {churn['jaccard']:.2f})",
        f"Much of this list is new: of the {listed:,} people with the highest risks in all practices, {came:,} were "
        f"not among them on {then}. Such a change is unusual.",
    )
    order = churn["rank_correlation"]
    yield from _finding(
        "rank_correlation",
        below(order, notice=bounds.rank_correlation.notice, hold=bounds.rank_correlation.hold),
        f"the order of everyone scored on {then} and now agrees less than usual (Spearman {order or 0:.2f})",
        f"The order of risks has changed more than usual since {then}.",
    )
    if by_model:
        level = below(frozen["model_jaccard"], notice=bounds.model_jaccard.notice, hold=bounds.model_jaccard.hold)
        yield from _finding(
            "model_change",
            level,
            f"another model ranks than on {then}: {frozen['model_moved']:,} of the {listed:,} at the top are there by "
            f"that alone (Jaccard {frozen['model_jaccard']:.2f})",
            f"Another model ranks people than on {then}. Of the {listed:,} people with the highest risks in all "
            f"practices, {frozen['model_moved']:,} are among them for that reason alone: nothing happened to them.",
        )


def _drift(drift: Mapping[str, Any] | None, watching: Watching) -> Iterator[Finding]:
    if drift is None:
        return
    bounds, score = watching.drift, drift["score"]
    psi = score["psi"] if score["psi"] > score["psi_by_chance"] else 0.0
    yield from _finding(
        "score_drift",
        above(psi, notice=bounds.score_psi.notice, hold=bounds.score_psi.hold),
        f"risks are distributed otherwise than in the hold-out (PSI {psi:.2f})",
        "Risks are spread otherwise than when the model was tested. Trust the order of this list more than its "
        "percentages.",
    )
    for one in drift["sources"]:
        title = TITLES[one["source"]]
        yield from _finding(
            "source_drift",
            above(one["share"], notice=bounds.source_share.notice, hold=bounds.source_share.hold),
            f"{one['source']}: {one['shifted']} of {one['features']} "
            "features are distributed otherwise than in the hold-out",
            f"{title}: these records look different from those the model was tested on. What the list says on their "
            "account may be wrong.",
        )
        then, now = one["unknown_then"], one["unknown_now"]
        away = abs(now - then) if then is not None and now is not None else None
        yield from _finding(
            "source_unknown",
            above(away, notice=bounds.source_unknown.notice, hold=bounds.source_unknown.hold),
            f"{one['source']}: unknown for {100 * (now or 0):.0f}% of people, in the hold-out for "
            f"{100 * (then or 0):.0f}%",
            f"{title}: known for {_share(1 - (now or 0))} people; when the model was tested, for "
            f"{_share(1 - (then or 0))}.",
        )


def _share(share: float) -> str:
    return f"{round(100 * share)} in 100"


def _calibration(calibration: Mapping[str, Any], watching: Watching) -> Iterator[Finding]:
    bounds = watching.calibration
    for name, code, pair in (
        ("whole", "calibration", bounds.whole),
        ("early", "calibration_early", bounds.early),
    ):
        one = calibration[name]
        if "not_known" in one or not one["judged"]:
            continue
        then = day_in_words(date.fromisoformat(one["of"]["as_of"]))
        window = "twelve months" if name == "whole" else "30 days"
        expected = round(one["expected"])
        fewer = "fewer" if one["ratio"] < 1 else "more"
        high = "too high" if one["ratio"] < 1 else "too low"
        yield from _finding(
            code,
            outside(one["low"], one["high"], notice=pair.notice, hold=pair.hold),
            f"of {one['people']:,} people scored on {then}, {one['observed']:,} were admitted within {window} "
            f"where {expected:,} were expected (O/E {one['ratio']:.2f}, {one['low']:.2f} to {one['high']:.2f})",
            f"Of everyone scored on {then}, {fewer} people were admitted as an emergency within {window} than the "
            f"scores said: {one['observed']:,}, where {expected:,} were expected. The order of this list stands; its "
            f"percentages are likely {high}.",
        )
