"""Evaluate: judge a trained model on its hold-out, and write what came out as JSON and as a page.

Promotes nothing and changes no model. The same rows, model, thresholds and store give the same bytes; no person is in
what it writes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.channels.evaluation_page import evaluation_page
from pipeline.channels.folder import put_file
from pipeline.contracts.evaluation import Thresholds, load_thresholds
from pipeline.contracts.model import Plan, load_plan
from pipeline.contracts.policy import load_policy
from pipeline.errors import UserError
from pipeline.ledger import models
from pipeline.ledger.models import Evaluation, Model
from pipeline.log import say
from pipeline.rules import evaluation_leakage, evaluation_verdict
from pipeline.rules.evaluation import TIE_RULE, rounded
from pipeline.rules.run_key import digest_of
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.docs.cards import cards
from pipeline.steps.model import evaluate_report as report
from pipeline.steps.model.evaluate_holdout import HoldOut, held_out
from pipeline.steps.model.evaluate_leakage import leakage, training_dates
from pipeline.steps.model.evaluate_truth import true_risks
from pipeline.steps.run.run import MODEL
from pipeline.store import layout

SCHEMA = "evaluation/1"
JSON, PAGE = "evaluation.json", "evaluation.html"


def evaluate(context: Context, *, model_id: str, truth: Path | None = None) -> StepResult:
    """Write evaluation.json and evaluation.html of the model under reports/evaluation, enter it in the ledger,
    and write the model's card and transparency record anew.

    `truth`: the generator's folder of truth, for invented regions. Raises UserError when the ledger, the models' folder
    or the hold-out does not know the model.
    """
    # read
    model, manifest, columns = _model(context, model_id)
    plan = load_plan(context.settings.project, MODEL)
    thresholds = load_thresholds(context.settings.project, MODEL)
    held = held_out(context, model_id=model_id, feature_columns=columns)
    oracle = None if truth is None else true_risks(context, truth, held)
    # decide
    content = _content(context, held, model=model, manifest=manifest, plan=plan, thresholds=thresholds, oracle=oracle)
    # write
    files = {JSON: _canonical(content), PAGE: evaluation_page(content)}
    _write(layout.evaluation(context.settings.home, model_id), files)
    models.record_evaluation(
        context.ledger,
        evaluation=Evaluation(
            model_id=model_id,
            sha256=hashlib.sha256(files[JSON]).hexdigest(),
            objections=[finding["says"] for finding in content["verdict"]["findings"]],
            evaluated_at=context.now(),
        ),
    )
    cards(context, evaluation=content)
    _tell(content)
    counts = {
        "people": held.people,
        "groups": len(content["subgroups"]),
        "findings": len(content["verdict"]["findings"]),
    }
    return StepResult(counts=counts, digest=digest_of(content))


def read_evaluation(context: Context, model_id: str) -> dict[str, Any] | None:
    """What evaluation.json says of the model, or None when it was not evaluated."""
    path = layout.evaluation(context.settings.home, model_id) / JSON
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _model(context: Context, model_id: str) -> tuple[Model, dict[str, Any], tuple[str, ...]]:
    known = {each.model_id: each for each in models.list_models(context.ledger, name=MODEL)}
    folder = layout.models(context.settings.home, MODEL) / model_id
    if model_id not in known or not (folder / "manifest.json").is_file():
        raise UserError(
            f"There is no model {model_id} of the name {MODEL}",
            where="ledger, table model; models/ in the home",
            next_step=f"known models: {', '.join(sorted(known)) or 'none; run riskstrat train'}",
        )
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    columns = tuple(json.loads((folder / "features.json").read_text(encoding="utf-8"))["columns"])
    return known[model_id], manifest, columns


def _content(
    context: Context,
    held: HoldOut,
    *,
    model: Model,
    manifest: Mapping[str, Any],
    plan: Plan,
    thresholds: Thresholds,
    oracle: Any,
) -> dict[str, Any]:
    prepared = report.prepare(held, plan=plan, thresholds=thresholds, oracle=oracle)
    subgroups = report.subgroups_of(held, thresholds=thresholds)
    compared, beside = report.differences_of(prepared), report.oracle_of(prepared)
    apart = report.oracle_of(prepared, report.ORACLE_UNSEEN)
    parts = report.parts_of(prepared, "admission")
    if parts["all"] is None:
        raise UserError(
            "Nobody, or everybody, of the hold-out has the outcome", where="holdout", next_step="train anew"
        )
    audit = leakage(context, held, model=model, manifest=manifest, plan=plan, thresholds=thresholds)
    audit["too_good"] = _too_good(parts, compared, most=thresholds.leakage.auroc_most)
    difference = beside["model_minus_oracle"] if beside else None
    audit["oracle"] = {
        "model_minus_oracle": difference,
        "alarm": evaluation_leakage.above_the_oracle(difference) if difference else None,
    }
    alarms = [check["alarm"] for check in audit.values() if check["alarm"]]
    declared = {"oe": thresholds.overall.oe, "slope": thresholds.overall.slope}
    content = {
        "schema": SCHEMA,
        "model_id": model.model_id,
        "name": model.name,
        "kind": model.kind,
        "trained_as_of": model.trained_as_of.isoformat(),
        "is_fictitious": load_policy(context.settings.policy_file).fictitious,
        "how": how(plan, thresholds),
        "holdout": _holdout(held, manifest, plan=plan),
        # Null of a model of an earlier release, whose manifest does not say.
        "calibration": manifest.get("calibration"),
        "parts": parts,
        "parts_or_death": report.parts_of(prepared, "admission_or_death"),
        "subgroups": subgroups,
        "differences": compared,
        "readmission": report.readmission_of(held),
        "sources": report.sources_of(prepared),
        "oracle": beside,
        "oracle_unseen": apart,
        "leakage": {"alarms": alarms, **audit},
        "fairness": evaluation_verdict.fairness(subgroups, cut_pct=thresholds.published_cut_pct),
        "targets": evaluation_verdict.targets(
            unseen=parts["unseen_practice"],
            oracle=apart,
            differences=compared,
            wanted=thresholds.targets.model_dump(),
        ),
        "verdict": evaluation_verdict.verdict(whole=parts["all"], subgroups=subgroups, alarms=alarms, overall=declared),
    }
    said: dict[str, Any] = plain(content)
    return said


def how(plan: Plan, thresholds: Thresholds) -> dict[str, Any]:
    declared = thresholds.model_dump(exclude={"digest", "reference_scores", "evaluation", "name"})
    return {
        "resamples": plan.evaluation.resamples,
        "seed": plan.seed,
        "bins": plan.evaluation.bins,
        "tie_rule": TIE_RULE,
        "published_cut_pct": thresholds.published_cut_pct,
        "subgroup_confidence": thresholds.groups.confidence,
        "judged_by": thresholds.digest,
        "bounds": declared,
    }


def _holdout(held: HoldOut, manifest: Mapping[str, Any], *, plan: Plan) -> dict[str, Any]:
    practices = held.groupings["practice_code"]
    return {
        "index_date": held.index_date.isoformat(),
        "horizon_months": plan.horizon_months,
        "training_index_dates": [day.isoformat() for day in training_dates(manifest)],
        "people": held.people,
        "events": int(held.outcome.sum()),
        "deaths_without_event": int((held.outcome_or_death & (1 - held.outcome)).sum()),
        "people_without_label": held.without_label,
        "seen_practices": len(np.unique(practices[~held.is_unseen])),
        "unseen_practices": len(np.unique(practices[held.is_unseen])),
    }


def _too_good(parts: Mapping[str, Any], compared: list[dict[str, Any]], *, most: float) -> dict[str, Any]:
    reached = {"the model": parts["all"]["auroc"][0]}
    reached |= {
        row["title"]: row["score_auroc"][0]
        for row in compared
        if row["score"] in report.BASELINES and "score_auroc" in row
    }
    return {"most": most, "alarm": evaluation_leakage.above_what_is_possible(reached, most=most)}


def plain(content: Any) -> Any:
    """Six places, and null for what no draw could say; what canonical JSON may hold."""
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if isinstance(content, np.integer):
        return int(content)
    if isinstance(content, float | np.floating):
        return None if not np.isfinite(content) else rounded(float(content))
    return content


def _canonical(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each file whole or not at all, the JSON last: promotion asks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, reverse=True):
        put_file(folder / name, files[name])


def _tell(content: Mapping[str, Any]) -> None:
    whole = content["parts"]["all"]
    area, slope, ratio = whole["auroc"], whole["slope"], whole["oe"]
    say(
        f"  {whole['people']:,} people, {whole['events']:,} with the outcome: AUROC {area[0]:.3f} ({area[1]:.3f} to "
        f"{area[2]:.3f}), slope {slope[0]:.2f}, observed over expected {ratio[0]:.2f}"
    )
    for finding in content["verdict"]["findings"]:
        say(f"  {finding['gate'].upper()}: {finding['says']}")
    say(f"  verdict: {content['verdict']['word']}")
