"""Who may be learned from and who is judged: practices held out teach nothing, and the hold-out is kept whole."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_home import small_context

from pipeline.contracts.settings import Settings
from pipeline.engines.learner import TrainedModel
from pipeline.errors import PipelineError
from pipeline.ledger import models
from pipeline.ledger.models import Model, Promotion
from pipeline.steps.features.labels import Labelled
from pipeline.steps.model.holdout import TABLE, holdout_rows, read_holdout, write_holdout
from pipeline.steps.model.train import cut
from pipeline.steps.run.run import MODEL
from pipeline.steps.upkeep.retention import past_their_time
from pipeline.store import layout

EARLIER, JUDGED = date(2024, 10, 16), date(2025, 10, 16)
OUTCOMES = ("emergency_admission_12m", "emergency_admission_or_death_12m", "emergency_readmission_30d")


def labelled(*people: tuple[str, str, int]) -> Labelled:
    """(person, practice, outcome) as a labelled table; the readmission of whom was not admitted is not known."""
    keys, practices, outcome = (list(column) for column in zip(*people, strict=True))
    come = pa.array([bool(each) for each in outcome])
    told = {f"has_{OUTCOMES[0]}": come, f"has_{OUTCOMES[1]}": come}
    told[f"has_{OUTCOMES[2]}"] = pa.array([False if each else None for each in outcome])
    many = len(keys)
    cohort = pa.table(
        {
            "person_key": keys,
            "practice_code": practices,
            "pcn_code": ["U1"] * many,
            "borough_code": ["E09"] * many,
            "age_years": pa.array([40] * many, pa.int32()),
            "sex": ["female"] * many,
            "ethnic_group": pa.nulls(many, pa.string()),
            "imd_decile": pa.array([3] * many, pa.int32()),
            "registration_start_date": pa.array([date(2020, 1, 1)] * many),
        }
    )
    features = pa.table({"person_key": keys, "age_years": pa.array([40] * many, pa.int32()), "has_copd": come})
    return Labelled(features=features, outcome=np.array(outcome, np.int8), told=pa.table(told), cohort=cohort)


# Bea was with the practice held out and left it; Cal joins it later; Dee is with it; Eve comes to the other one.
BEFORE = labelled(("ann", "P1", 1), ("bea", "P2", 0), ("cal", "P1", 1), ("dee", "P2", 1))
AFTER = labelled(("ann", "P1", 0), ("bea", "P1", 1), ("cal", "P2", 1), ("dee", "P2", 0), ("eve", "P1", 0))


def made(practices: frozenset[str] = frozenset({"P2"})) -> Any:
    return cut({EARLIER: BEFORE, JUDGED: AFTER}, judged_on=JUDGED, practices_apart=practices)


def trained(keys: list[str]) -> TrainedModel:
    risk = np.linspace(0.1, 0.5, len(keys))
    risks = {"risk": risk, "risk_without_gp": risk / 2}
    return TrainedModel("m1", "logistic", {}, {}, ("all",), holdout_keys=tuple(keys), holdout_risks=risks)


def rows(*, learned_from: set[str], keys: list[str] | None = None) -> pa.Table:
    return holdout_rows(
        AFTER,
        index_date=JUDGED,
        outcomes=OUTCOMES,
        practices_apart={"P2"},
        people_learned_from=learned_from,
        trained=trained(keys or ["ann", "bea", "cal", "dee", "eve"]),
    )


def test_nobody_is_learned_from_who_was_with_a_practice_held_out_on_any_date() -> None:
    (table,) = made().training
    assert table.index_date == EARLIER
    assert table.features["person_key"].to_pylist() == ["ann"] and table.outcome.tolist() == [1]
    assert made().holdout is AFTER, "everybody is judged"


def test_without_a_practice_held_out_everybody_is_learned_from() -> None:
    (table,) = made(frozenset()).training
    assert table.features["person_key"].to_pylist() == ["ann", "bea", "cal", "dee"]
    assert table.outcome.tolist() == [1, 0, 1, 1]


def test_the_hold_out_says_of_whom_it_speaks() -> None:
    found = rows(learned_from={"ann"}).to_pylist()
    assert [(row["person_key"], row["part"], row["is_in_training"]) for row in found] == [
        ("ann", "seen_practice", True),
        ("bea", "seen_practice", False),
        ("cal", "unseen_practice", False),
        ("dee", "unseen_practice", False),
        ("eve", "seen_practice", False),
    ]
    assert [row["outcome"] for row in found] == [False, True, True, False, False]
    assert [row["readmission_30d"] for row in found] == [None, False, False, None, None]
    one = found[0]
    assert (one["index_date"], one["outcome_or_death"], one["has_copd"], one["imd_decile"]) == (JUDGED, False, False, 3)
    assert (one["risk"], one["risk_without_gp"]) == (0.1, 0.05)


def test_somebody_of_a_practice_held_out_among_the_learned_from_is_caught() -> None:
    with pytest.raises(PipelineError, match="with a practice held out is among the people the model learned from"):
        rows(learned_from={"ann", "dee"})


def test_risks_of_other_people_are_caught() -> None:
    with pytest.raises(PipelineError, match="not of the people who were judged"):
        rows(learned_from=set(), keys=["ann", "bea", "cal", "eve", "dee"])


def test_a_hold_out_is_kept_by_model_and_read_in_order(home: Settings) -> None:
    context = small_context(home)
    write_holdout(context, model_id="m1", rows=rows(learned_from=set()).take([4, 2, 0, 1, 3]))
    assert read_holdout(context, model_id="m1")["person_key"].to_pylist() == ["ann", "bea", "cal", "dee", "eve"]
    with pytest.raises(PipelineError, match="no hold-out of model m2"):
        read_holdout(context, model_id="m2")


@pytest.mark.parametrize(("days", "gone"), [(400, []), (401, ["old"])])
def test_an_old_hold_out_goes_but_not_that_of_the_model_that_scores(home: Settings, days: int, gone: list[str]) -> None:
    """Retention keeps them 400 days; the champion's, and the one a rollback would put back, stay."""
    recorded = datetime(2025, 1, 1, 12, tzinfo=UTC)
    now = datetime.fromtimestamp(recorded.timestamp() + days * 86_400, UTC)
    home = home.model_copy(update={"now": now})
    context = small_context(home)
    for name in ("old", "before", "champion"):
        models.record_model(context.ledger, model=Model(name, MODEL, "logistic", JUDGED, "0", {}, recorded))
        write_holdout(context, model_id=name, rows=rows(learned_from=set()))
    for name in ("old", "before", "champion"):
        models.promote(context.ledger, promotion=Promotion(MODEL, name, "A. Name", "r", recorded))
    found = [item for item in past_their_time(context) if item.zone == "holdouts"]
    assert [item.name for item in found] == gone
    assert all(item.path == layout.table(home.home, TABLE) for item in found)
