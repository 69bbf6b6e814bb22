"""Watch: does the list still say what it said, do the records still look alike, did older scores come true?

Between register and publish, every night. Measures, and decides by the declared bounds whether the registers carry a
notice or are held back. Writes what it found to the ledger and to reports/runs/<run key>/. It changes no score.
"""

import json
from typing import Any

from pipeline.channels.folder import put_file
from pipeline.contracts.model import load_plan
from pipeline.contracts.watching import Watching, load_watching
from pipeline.ledger import watched
from pipeline.ledger.runs import Run
from pipeline.ledger.watched import Watched
from pipeline.rules.evaluation import rounded
from pipeline.rules.run_key import digest_of
from pipeline.rules.watch_verdict import worst
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.model.score import promoted_model
from pipeline.steps.run.run import MODEL
from pipeline.steps.run.watch_nights import watched_run
from pipeline.steps.watch.churn import churn
from pipeline.steps.watch.drift import drifts
from pipeline.steps.watch.findings import findings
from pipeline.steps.watch.outcomes import calibrations, recalibration
from pipeline.steps.watch.scored import scored
from pipeline.store import layout

SCHEMA = "watch/1"
REPORT, PROPOSAL = "watch.json", "recalibration.json"
OF_CALIBRATION = frozenset({"calibration", "calibration_early"})


def watch(context: Context, *, run: Run) -> StepResult:
    """Measure, judge, and record; the counts say how many findings there are and how grave they are."""
    # read
    project = context.settings.project
    watching, plan = load_watching(project, MODEL), load_plan(project, MODEL)
    # decide
    content = _measured(context, run, watching)
    content["calibration"] = calibrations(context, run=run, plan=plan, watching=watching)
    content = rounded(content)
    found = findings(content, watching=watching)
    verdict = worst(one.level for one in found)
    content |= {"findings": [vars(one) for one in found], "verdict": verdict, "not_known": _not_known(content)}
    proposed = None
    if any(one.code in OF_CALIBRATION for one in found):
        proposed = rounded(recalibration(context, run=run, plan=plan, watching=watching, found=content["calibration"]))
    # write
    folder = layout.run_report(context.settings.home, run.run_key)
    folder.mkdir(parents=True, exist_ok=True)
    put_file(folder / REPORT, _as_file(content))
    if proposed is not None:
        put_file(folder / PROPOSAL, _as_file(proposed))
    watched.record_watched(context.ledger, watched=Watched(run.run_key, run.as_of, verdict, content))
    counts = {level: sum(one.level == level for one in found) for level in ("notice", "hold")}
    return StepResult(counts={**counts, "proposals": int(proposed is not None)}, digest=digest_of(content))


def _measured(context: Context, run: Run, watching: Watching) -> dict[str, Any]:
    before = watched_run(context, run, "before")
    return {
        "schema": SCHEMA,
        "as_of": run.as_of.isoformat(),
        "run_key": run.run_key,
        "model_id": run.model_id,
        "source_set": run.inputs.get("source_set"),
        "policy": {"version": watching.version, "digest": watching.digest},
        "churn": churn(context, run=run, before=before, watching=watching) if before else None,
        "drift": _drift(context, run, before, watching),
    }


def _drift(context: Context, run: Run, before: Run | None, watching: Watching) -> dict[str, Any] | None:
    model = promoted_model(context, run)
    return drifts(context, run=run, before=before, model=model, now=scored(context, run), watching=watching)


def _not_known(content: dict[str, Any]) -> list[str]:
    """What could not be looked at tonight, in words: nothing found there does not mean that nothing is."""
    told = []
    if content["churn"] is None:
        told.append("churn: no finished night about a week before still has its scores")
    elif content["churn"]["frozen"]["not_known"]:
        told.append(f"the model's part in the churn: {content['churn']['frozen']['not_known']}")
    if content["drift"] is None:
        told.append("drift: the hold-out of this model is not held any more")
    told += [
        f"calibration, {name}: {one['not_known']}" for name, one in content["calibration"].items() if "not_known" in one
    ]
    return told


def _as_file(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
