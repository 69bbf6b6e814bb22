"""What watching found of a night, in words for the operator and the statistician; and as it was recorded.

Reads the ledger alone, so that nights are told whose scores were purged since.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from pipeline.errors import UserError
from pipeline.ledger import runs, watched
from pipeline.ledger.watched import Watched
from pipeline.rules.watch_churn import CAUSES
from pipeline.steps.at_hand.context import Context

VERDICTS = {
    "quiet": "Quiet: nothing is out of its bounds.",
    "notice": "Published with a notice on the registers.",
    "hold": "HELD: nothing of this night is published, the last editions stay.",
}
MOST_TOLD = 5


def watched_night(context: Context, *, as_of: date | None) -> Watched:
    """The night of that date that was run last, or of the latest date; raises UserError when there is none."""
    found = {one.run_key: one for one in watched.list_watched(context.ledger) if as_of in (None, one.as_of)}
    ran = [run for run in runs.list_runs(context.ledger) if run.run_key in found]
    if not ran:
        raise UserError(
            "No night has been watched" if as_of is None else "No night of this date has been watched",
            where="" if as_of is None else f"night of {as_of}",
            next_step="run one: riskstrat nightly --as-of DATE",
        )
    nightly = [run for run in ran if run.kind == "nightly"] or ran
    last = max(nightly, key=lambda run: (run.as_of, run.started_at, run.run_key))
    return found[last.run_key]


def as_json(context: Context, *, as_of: date | None) -> str:
    """The whole record of a night, with who decided about it."""
    night = watched_night(context, as_of=as_of)
    release = watched.release_of(context.ledger, night.run_key)
    content = {**night.content, "released": None if release is None else vars(release)}
    return json.dumps(content, default=str, sort_keys=True, indent=2)


def told(context: Context, *, as_of: date | None) -> str:
    """A page of text: the verdict first, then why, then what was measured, then what is not known."""
    night = watched_night(context, as_of=as_of)
    content = night.content
    lines = [f"Night of {night.as_of}, run {night.run_key}, model {content['model_id']}", VERDICTS[night.verdict]]
    for one in content["findings"]:
        lines += [f"  {one['level'].upper()}: {one['says']}", f"    see {one['runbook']}"]
    release = watched.release_of(context.ledger, night.run_key)
    if release is not None:
        lines.append(f"  let through by {release.who} on {release.at}: {release.reason}")
    lines += [*_churn(content["churn"]), *_drift(content["drift"]), *_calibration(content["calibration"])]
    lines += [f"Not known: {one}" for one in content["not_known"]]
    return "\n".join([*lines, *_earlier(context, night)])


def _churn(churn: Mapping[str, Any] | None) -> list[str]:
    if churn is None:
        return []
    then, frozen = churn["before"]["as_of"], churn["frozen"]
    lines = [
        f"Since {then}: {churn['stayed']:,} of {churn['top'][1]:,} at the top were there (Jaccard "
        f"{_number(churn['jaccard'])}; practices' registers {_number(churn['registers_jaccard'])}); order of everyone "
        f"{_number(churn['rank_correlation'])}"
    ]
    if frozen.get("data_jaccard") is not None:
        by_model = f"{_number(frozen['model_jaccard'])}" if frozen["model_changed"] else "nothing, it is the same"
        risk = frozen["mean_risk"]
        lines.append(f"  of that the records' part: Jaccard {_number(frozen['data_jaccard'])}; the model's: {by_model}")
        lines.append(
            f"  mean risk then {_percent(risk['then'])}, today's records by the model of then "
            f"{_percent(risk['frozen'])}, by today's {_percent(risk['now'])}"
        )
    causes = churn["causes"]
    for name, title in (("entered", "came onto the list"), ("left", "left it")):
        lines += [f"  {title}: {count:,} {CAUSES[cause]}" for cause, count in causes[name].items()]
    if causes["news_by_source"]:
        lines.append(f"  new records of them from: {_counts(causes['news_by_source'])}")
    silent = [source for source, count in churn["new_deliveries"].items() if not count]
    if silent:
        lines.append(f"  nothing new has come since from: {', '.join(silent)}")
    if churn["code_changed"]:
        lines.append("  the code has changed in between: features may be made otherwise")
    return lines


def _drift(drift: Mapping[str, Any] | None) -> list[str]:
    if drift is None:
        return []
    lines = [
        f"Against the hold-out of the model: risks PSI {_number(drift['score']['psi'])}; {drift['shifted']} of "
        f"{drift['looked_at']} features shifted"
    ]
    lines += [f"  {one['feature']}: PSI {_number(one['psi'])}" for one in drift["features"][:MOST_TOLD]]
    lines += [
        f"  {one['source']}: {one['shifted']} of {one['features']} features shifted, unknown for "
        f"{_percent(one['unknown_now'])} of people (hold-out {_percent(one['unknown_then'])})"
        for one in drift["sources"]
        if one["shifted"] or one["unknown_now"] != one["unknown_then"]
    ]
    moved = ", ".join(f"{one['feature']} {_number(one['psi'])}" for one in drift["since_before"][:MOST_TOLD])
    return [*lines, f"  moved most since the night before: {moved}"] if moved else lines


def _calibration(calibration: Mapping[str, Any]) -> list[str]:
    titles = {"early": "first 30 days", "whole": "twelve months"}
    return [
        f"Came true, {titles[name]} of the night of {one['of']['as_of']}: {one['observed']:,} observed, "
        f"{one['expected']:,.0f} expected (O/E {_number(one['ratio'])}, {_number(one['low'])} to "
        f"{_number(one['high'])})" + ("" if one["judged"] else "; too few to judge")
        for name, one in calibration.items()
        if "not_known" not in one
    ]


def _earlier(context: Context, night: Watched) -> list[str]:
    """Nights before it, a line each: a slow change shows in a row of them."""
    before = [one for one in watched.list_watched(context.ledger) if one.as_of < night.as_of][-MOST_TOLD:]
    lines = []
    for one in before:
        churn, whole = one.content["churn"] or {}, one.content["calibration"]["whole"]
        early = one.content["calibration"]["early"]
        lines.append(
            f"  {one.as_of}: {one.verdict}, Jaccard {_number(churn.get('jaccard'))}, O/E of 30 days "
            f"{_number(early.get('ratio'))}, of twelve months {_number(whole.get('ratio'))}"
        )
    return ["Nights before:", *lines] if lines else []


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "not known" if value is None else f"{100 * value:.1f}%"
