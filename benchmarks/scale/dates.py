"""What a model expects by index date: of people of practices it never saw, on the training dates and at the hold-out.

    python -m benchmarks.scale.dates --home /the/home/of/benchmarks.scale [--write]

A calibration describes the dates it was fitted on. How far it holds a year later, and what the oracle expects of the
same people then, is what docs/scale.md tells of; the model is the one of result.json.
"""

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.scale.__main__ import AS_OF, open_region, run, scale_plan
from benchmarks.scale.__main__ import RESULT as JUDGED
from benchmarks.scale.causes import THREADS, labelled_table, practices_apart, true_risks
from pipeline.engines.learner import load_model, predict
from pipeline.rules.times import index_date, months_before
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import MODEL
from pipeline.store import layout

Floats = npt.NDArray[np.float64]
RESULT = Path(__file__).with_name("dates.json")


def main(arguments: Sequence[str] | None = None) -> None:
    def measured(given: argparse.Namespace) -> dict[str, Any]:
        return by_date(open_region(given.home, people=given.people, memory=given.memory))

    run(__doc__, RESULT, measured, arguments)


def by_date(context: Context) -> dict[str, Any]:
    """Observed over expected with 95% interval by index date, oldest first, and the oracle's at the last."""
    plan, last = scale_plan(context.settings.project), index_date(AS_OF)
    model_id = str(json.loads(JUDGED.read_text(encoding="utf-8"))["model_id"])
    folder = layout.models(context.settings.home, MODEL) / model_id
    model = load_model({path.name: path.read_bytes() for path in folder.iterdir()})
    apart = pa.array(sorted(practices_apart(context, plan)))
    began = months_before(last, plan.index_dates.history_months)
    dates, oracle = [], None
    for day in (*plan.training_index_dates(last), plan.holdout_index_date(last)):
        table = labelled_table(context, plan, day, known="then")
        table = table.filter(pc.is_in(table["_practice"], value_set=apart))
        outcome = np.asarray(table["_outcome"]).astype(np.float64)
        scores = predict(model, table.drop_columns(["_practice", "_outcome"]), threads=THREADS)
        told = {"people": len(outcome), "events": int(outcome.sum()), "oe": _ratio(scores.risk_score, outcome)}
        dates.append({"index_date": day.isoformat(), "months_of_records": _months(began, day), **told})
        if day == plan.holdout_index_date(last):
            truth = true_risks(context, np.array(scores.person_key))
            known = ~np.isnan(truth)
            oracle = {
                "people": int(known.sum()),
                "oe": _ratio(truth[known], outcome[known]),
                "model_oe": _ratio(scores.risk_score[known], outcome[known]),
            }
    return {"model_id": model_id, "dates": dates, "oracle": oracle}


def _ratio(risk: Floats, outcome: Floats) -> list[float]:
    """Observed over expected, and that with the count's own chance (1.96 sd, were the risks true) either way."""
    expected = float(risk.sum())
    ratio, spread = float(outcome.sum()) / expected, 1.96 * float(np.sqrt((risk * (1 - risk)).sum())) / expected
    return [round(number, 4) for number in (ratio, ratio - spread, ratio + spread)]


def _months(start: date, end: date) -> int:
    return 12 * (end.year - start.year) + end.month - start.month


if __name__ == "__main__":
    main()
