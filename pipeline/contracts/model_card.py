"""The model card in Markdown: what is declared of a model, and, once it was evaluated, what was measured.

Reads declarations handed to it and an evaluation's own figures (schema evaluation/1). Writes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.contracts.feature import FeatureConcept
from pipeline.contracts.model import Plan
from pipeline.contracts.statement import Statement

_DECLARED_ONLY = (
    "Figures are made at each evaluation, from the home's own people, and kept with the trained model: its own card "
    "says what was measured. None is given here, because nothing here was measured."
)
_PART_TITLES = {
    "all": "everyone held out",
    "seen_practice": "practices it learned from, at a later date",
    "unseen_practice": "practices it never saw",
}


def model_card(
    statement: Statement,
    plan: Plan,
    concepts: Sequence[FeatureConcept],
    *,
    evaluation: Mapping[str, Any] | None = None,
) -> str:
    """The whole card; with an evaluation, that of one trained model."""
    made = "`riskstrat docs`" if evaluation is None else "`riskstrat evaluate`"
    lines = [
        f"# {statement.title}",
        "",
        f"Written by {made} from the plan, the statement and the features of the model; do not edit by hand.",
        "",
        f"**What it is for.** {_line(statement.purpose)}",
        "",
        f"**What it must not be used for.** {_line(statement.not_for)}",
        "",
        f"**Please note: invented people.** {_line(statement.note)}",
        "",
        "## How it is made",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {says} |" for name, says in _made(plan)),
        "",
        *_source_sets(plan, concepts),
        *_features(concepts),
        "## How good it is",
        "",
        *([_DECLARED_ONLY, ""] if evaluation is None else measured(evaluation)),
        "## Where it is weak",
        "",
        *(f"- **{limit.title}.** {_line(limit.says)}" for limit in statement.limits),
    ]
    return "\n".join(lines) + "\n"


def measured(evaluation: Mapping[str, Any]) -> list[str]:
    """The figures of an evaluation in tables, each estimate with its 95% interval."""
    holdout = evaluation["holdout"]
    lines = [
        f"Model `{evaluation['model_id']}`, trained as of {evaluation['trained_as_of']}, judged at "
        f"{holdout['index_date']} on {holdout['people']:,} people, {holdout['events']:,} with the outcome.",
        "",
        "| | " + " | ".join(_PART_TITLES[name] for name in _parts(evaluation)) + " |",
        "|---|" + "---|" * len(_parts(evaluation)),
    ]
    for title, key, places in (
        ("AUROC", "auroc", 3),
        ("average precision", "average_precision", 3),
        ("Brier score", "brier", 4),
        ("calibration slope", "slope", 2),
        ("calibration intercept", "intercept", 2),
        ("observed over expected", "oe", 2),
        ("expected calibration error, 20 bins", "ece_20", 4),
    ):
        cells = [_estimate(part.get(key), places) for part in _parts(evaluation).values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += ["", *_calibrated(evaluation), *_top(evaluation), *_subgroups(evaluation)]
    lines += [*_sources(evaluation), *_verdict(evaluation)]
    return lines


def _calibrated(evaluation: Mapping[str, Any]) -> list[str]:
    told = evaluation.get("calibration")
    if not told:
        return []
    dates = "index date" if len(told["index_dates"]) == 1 else "index dates"
    why = f": {told['says']}" if told["says"] else ""
    on = f"{dates} {', '.join(told['index_dates'])}, {told['events']:,} people with the outcome"
    return [f"Calibrated ({told['method']}) on the {on}{why}.", ""]


def _made(plan: Plan) -> Iterable[tuple[str, str]]:
    dates, holdout = plan.index_dates, getattr(plan, "holdout", None)
    yield "question", _line(plan.question)
    cohort = {"adults_and_children": "adults and children who are registered, alive and did not opt out"}[plan.cohort]
    yield "people", f"{cohort}, of participating practices, on the index date"
    until = f"[index date, index date + {plan.horizon_months} months)"
    yield "outcome", f"`sql/outcomes/{plan.outcome}.sql` in `{until}`"
    beside = ", ".join(f"`{name}`" for name in getattr(plan, "reported_outcomes", ()))
    if beside:
        yield "reported beside it", beside
    yield "learns from", f"index dates {_months(dates.train_months_before)} before the run"
    yield "judged on", f"a later index date, {dates.holdout_months_before} months before the run"
    if holdout is not None and holdout.unseen_practices_share:
        share = f"{100 * holdout.unseen_practices_share:g}% of practices"
        yield "held out whole", f"{share}, from {holdout.unseen_practices_from} participating practices on"
    yield "unknown values", "stay missing (the person's source does not reach us); they are never taken as none"
    yield "candidates", "LightGBM with shallow trees; a logistic baseline with saturating terms"
    yield (
        "choice",
        f"{plan.choice.measure.replace('_', ' ')}, {plan.folds} folds by person; the baseline ships unless beaten",
    )
    newest = (
        f"the newest training date, or of all where it has fewer than {plan.calibrate_from_events:,} people with the "
        "outcome"
    )
    of = newest if plan.calibrate_on == "newest_index_date" else "all training dates"
    yield "calibration", f"{plan.calibration}, on out-of-fold log-odds of {of}; keeps the order of people"
    yield "lists judged", ", ".join(f"{pct:g}%" for pct in plan.evaluation.top_pct) + " at highest risk, exactly"
    yield (
        "reasons",
        "contributions to the raw log-odds by concept choose what is told; the words come from recorded facts",
    )
    yield "plan", f"SHA-256 `{plan.digest[:16]}`…, seed {plan.seed}"


def _source_sets(plan: Plan, concepts: Sequence[FeatureConcept]) -> list[str]:
    sets = getattr(plan, "source_sets", ())
    if not sets:
        return []
    lines = [
        "## Which sources it may stand on",
        "",
        "A model each; a night takes the first whose sources it may all use lawfully, and its registers name it.",
        "",
        "| set | sources | concepts |",
        "|---|---|---:|",
    ]
    for one in sets:
        # Who is registered, and their age, sex and area, are known to every set.
        known = {each.name for each in concepts if getattr(each, "is_of_registration", False)}
        fitting = sum(each.name in known or set(each.sources) <= set(one.sources) for each in concepts)
        lines.append(f"| {one.name.replace('_', ' ')} | {', '.join(one.sources)} | {fitting} |")
    return [*lines, ""]


def _features(concepts: Sequence[FeatureConcept]) -> list[str]:
    columns = sum(len(concept.columns) for concept in concepts)
    lines = [
        "## What it sees of a person",
        "",
        f"{columns} columns in {len(concepts)} concepts; each with its meaning and drawn tests in the feature",
        "catalogue (`docs/generated/feature-catalogue.md`). Nothing dated or known after the index date's cut-off.",
        "",
        "| concept | sources | columns |",
        "|---|---|---:|",
    ]
    lines += [f"| {one.title} | {', '.join(one.sources)} | {len(one.columns)} |" for one in concepts]
    return [*lines, ""]


def _parts(evaluation: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: evaluation["parts"][name] for name in _PART_TITLES if evaluation["parts"].get(name)}


def _top(evaluation: Mapping[str, Any]) -> list[str]:
    lines = ["| list | people | of 100 listed, had the outcome | of 100 with it, listed | reviewed for each found |"]
    lines.append("|---|---:|---|---|---|")
    for row in evaluation["parts"]["all"]["top"]:
        ppv, found = (_estimate(row[name], 1, times=100) for name in ("ppv", "sensitivity"))
        review = _estimate(row["number_needed_to_review"], 1)
        lines.append(f"| top {row['pct']:g}% | {row['k']:,} | {ppv} | {found} | {review} |")
    return [*lines, ""]


def _subgroups(evaluation: Mapping[str, Any]) -> list[str]:
    rows = evaluation.get("subgroups") or ()
    if not rows:
        return ["No subgroup was judged.", ""]
    lines = ["| group | people | observed over expected | verdict |", "|---|---:|---|---|"]
    for row in rows:
        if row["by"] in ("practice_code", "segment"):
            continue
        people = "few" if row["people"] is None else f"{row['people']:,}"
        is_told = row["oe"] is not None and row["interval"]
        oe = _estimate([row["oe"], *row["interval"]], 2) if is_told else ""
        group = f"{row['by'].replace('_', ' ')}: {row.get('title') or row['value']}"
        lines.append(f"| {group} | {people} | {oe} | {row['verdict']} |")
    return [*lines, ""]


def _sources(evaluation: Mapping[str, Any]) -> list[str]:
    rows = evaluation.get("sources") or ()
    if not rows:
        return []
    lines = ["What each source is worth, by the model of a set without it:", ""]
    lines += ["| set of sources | costs in AUROC |", "|---|---|"]
    lines += [f"| {row['set'].replace('_', ' ')} | {_estimate(row['auroc_cost'], 4)} |" for row in rows]
    return [*lines, ""]


def _verdict(evaluation: Mapping[str, Any]) -> list[str]:
    verdict = evaluation.get("verdict")
    if not verdict:
        return []
    lines = [f"Verdict: {verdict['word']}."]
    lines += [f"- {finding['gate']}: {finding['says']}" for finding in verdict.get("findings", ())]
    return [*lines, ""]


def _estimate(value: Any, places: int, *, times: int = 1) -> str:
    """`e (l to h)`; a lone number as it is; nothing where nothing was measured."""
    if value is None:
        return "not measured"
    if isinstance(value, int | float):
        return f"{times * value:.{places}f}"
    estimate, low, high = value[:3]
    if estimate is None:
        return "not measured"
    interval = "" if low is None or high is None else f" ({times * low:.{places}f} to {times * high:.{places}f})"
    return f"{times * estimate:.{places}f}{interval}"


def _months(months: Sequence[int]) -> str:
    ordered = [str(month) for month in sorted(months, reverse=True)]
    return f"{', '.join(ordered[:-1])} and {ordered[-1]} months" if len(ordered) > 1 else f"{ordered[0]} months"


def _line(text: str) -> str:
    return " ".join(text.split())
