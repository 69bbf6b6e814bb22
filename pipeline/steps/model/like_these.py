"""What became of people like those listed: the hold-out of the night's model, read once for all practices.

The rows are pseudonymous and end with their retention (policy/retention.yml): after it a list tells of the whole
region's bands alone, which the model keeps.
"""

from datetime import date
from decimal import Decimal

import numpy as np

from pipeline.contracts.register import CutFinds
from pipeline.contracts.register_dictionary import practice_contract
from pipeline.ledger import models
from pipeline.ledger.runs import Run
from pipeline.rules.like_these import Judged, is_few, lists_of, observed_in
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.holdout import TABLE
from pipeline.steps.run.run import MODEL
from pipeline.store import layout, tables

_OF_PEOPLE = ["person_key", "practice_code", "pcn_code", "age_years", "outcome"]


def tested_people(context: Context, run: Run) -> Judged | None:
    """Everyone the night's model was tested on, with the risk its set of sources gave; None when they are not kept."""
    path = layout.table(context.settings.home, TABLE)
    model_id = str(run.model_id)
    if not tables.files(path, column="model_id", values=[model_id]):
        return None
    risk = _risk_column(context, run)
    rows = tables.read(path, column="model_id", values=[model_id], columns=[*_OF_PEOPLE, risk])
    if rows[risk].null_count:
        return None
    return Judged(
        person_keys=np.array(rows["person_key"].to_pylist(), dtype=np.str_),
        practice_codes=np.array(rows["practice_code"].to_pylist(), dtype=np.str_),
        pcn_codes=np.array(rows["pcn_code"].to_pylist(), dtype=np.str_),
        age_years=np.array(rows["age_years"].to_pylist(), dtype=np.int64),
        risk=np.array(rows[risk].to_pylist(), dtype=np.float64),
        outcome=np.array(rows["outcome"].to_pylist(), dtype=np.int64),
    )


def observed_in_pcn(tested: Judged | None, *, pcn_code: str) -> tuple[tuple[str, int, int], ...]:
    """(band, how many of 100 were admitted, people tested) of the PCN; bands of which nothing may be said are out."""
    if tested is None:
        return ()
    bands = practice_contract().risk_bands
    found = observed_in(tested, pcn_code=pcn_code, from_risks=[band.from_risk for band in bands])
    return tuple((band.title, *told) for band, told in zip(bands, found, strict=True) if told is not None)


def cut_finds(tested: Judged | None, *, tested_on: date, k: int, scored_adults: int) -> CutFinds | None:
    """What lists of this share of adults found and missed in the test; None where nothing, or too little, is known."""
    if tested is None or not scored_adults or not k:
        return None
    people, listed, found, admitted = lists_of(tested, pct=Decimal(100 * k) / Decimal(scored_adults))
    if not listed or not admitted or any(is_few(part) for part in (found, listed - found, admitted - found)):
        return None
    return CutFinds(tested_on=tested_on, people=people, listed=listed, found=found, admitted=admitted)


def tested_on(context: Context, run: Run) -> date:
    """The index date of the test."""
    model = models.get_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    return date.fromisoformat(model.metrics["holdout"]["index_date"])


def _risk_column(context: Context, run: Run) -> str:
    """Of the family's models, the one that scored the run: the largest set of sources stands under the plain name."""
    model = models.get_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    source_set, sets = run.inputs.get("source_set"), model.source_sets or []
    return "risk" if source_set is None or source_set == sets[0]["name"] else f"risk_{source_set}"
