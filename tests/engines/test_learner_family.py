"""A family of models: one for each set of sources, the baselines beside it, and what is caught while it is learned."""

import json

import numpy as np
import pyarrow as pa
import pytest
from invented_frame import COLUMNS, HOLDOUT, PEOPLE, PROJECT, TRAINING, learned, quick_plan

from pipeline.contracts.model import load_plan
from pipeline.engines import learner_candidates
from pipeline.engines.learner import LabelledTable, contributions, load_model, predict
from pipeline.engines.learner_lightgbm import search_trees
from pipeline.engines.learner_matrix import folds_by_person, stack
from pipeline.errors import ModelUnfit, PipelineError


def test_a_family_holds_a_model_for_each_set_of_sources(either):
    whole, acute = load_model(either.files), load_model(either.files, source_set="acute_only")
    assert (whole.source_set, acute.source_set) == ("all", "acute_only")
    assert whole.model_id == acute.model_id and whole.kind == acute.kind
    assert acute.feature_columns == COLUMNS[:3] and acute.all_columns == whole.feature_columns == COLUMNS
    scored = predict(acute, HOLDOUT.features, threads=1)
    place = HOLDOUT.features.column_names.index("has_copd")
    other = HOLDOUT.features.set_column(place, "has_copd", pa.nulls(PEOPLE, pa.bool_()))
    assert (predict(acute, other, threads=1).risk_score == scored.risk_score).all(), "it reads no other column"
    assert (predict(whole, other, threads=1).risk_score != predict(whole, HOLDOUT.features, threads=1).risk_score).any()
    assert contributions(acute, HOLDOUT.features.slice(0, 5), threads=1).shape == (5, 3)
    with pytest.raises(ModelUnfit, match="has none for the sources without_gp"):
        load_model(either.files, source_set="without_gp")


def test_what_the_models_say_of_the_hold_out_is_given_back_by_name(trained):
    assert trained.holdout_keys == tuple(sorted(HOLDOUT.features.column("person_key").to_pylist()))
    assert list(trained.holdout_risks) == ["risk", "risk_lightgbm", "risk_logistic", "risk_age_sex", "risk_acute_only"]
    assert (trained.holdout_risks["risk"] == trained.holdout_risks["risk_lightgbm"]).all()
    scored = predict(load_model(trained.files), HOLDOUT.features, threads=1)
    by_key = dict(zip(scored.person_key, scored.risk_score, strict=True))
    assert [by_key[key] for key in trained.holdout_keys] == list(trained.holdout_risks["risk"])


def test_the_baselines_are_kept_with_the_model(either):
    manifest = json.loads(either.files["manifest.json"])
    kept = {name.split(".")[0] for name in manifest["files"]}
    other = "logistic" if either.kind == "lightgbm" else "lightgbm"
    assert kept == {"all", "acute_only", f"candidate_{other}", "candidate_age_sex", "features", "metrics"}


def test_what_cannot_be_calibrated_is_left_out_and_stops_nothing_else():
    """Everybody is of one age and sex: that model has nothing to say, and the others are made all the same."""

    def of_one_age(table):
        place = table.features.column_names.index("age_years")
        same = table.features.set_column(place, "age_years", pa.array([50] * PEOPLE, pa.int32()))
        return LabelledTable(table.index_date, same, table.outcome)

    sets = {"all": COLUMNS, "gp_and_acute": COLUMNS[:4], "acute_only": ("age_years",)}
    trained = learned([of_one_age(each) for each in TRAINING], of_one_age(HOLDOUT), sets=sets)
    assert set(trained.metrics["left_out"]) == {"age_sex", "acute_only"}
    assert trained.source_sets == ("all", "gp_and_acute")
    assert np.isnan(trained.holdout_risks["risk_age_sex"]).all() and "risk_acute_only" not in trained.holdout_risks
    assert load_model(trained.files, source_set="gp_and_acute").feature_columns == COLUMNS[:4]
    with pytest.raises(ModelUnfit, match="has none for the sources acute_only"):
        load_model(trained.files, source_set="acute_only")


def test_a_split_by_row_is_caught(monkeypatch):
    """Rows of one person in two folds: what is called unseen was seen, and early stopping would never tell."""

    def by_row(person_keys, *, folds, seed):
        return np.arange(len(person_keys), dtype=np.int64) % folds

    monkeypatch.setattr(learner_candidates, "folds_by_person", by_row)
    with pytest.raises(PipelineError, match="rows of one person stand in two folds"):
        learned()


def test_a_model_trained_on_another_population_is_caught():
    """Twice as many admissions for the same records as where it is judged: half of what it expects comes."""
    once = HOLDOUT.outcome.astype(bool)
    halved = (once & (np.random.default_rng(6).random(PEOPLE) < 0.5)).astype(np.int8)
    trained = learned(holdout=LabelledTable(HOLDOUT.index_date, HOLDOUT.features, halved))
    measured = trained.metrics["holdout"]["models"][trained.kind]
    assert 0.4 < measured["observed_over_expected"] < 0.6
    assert trained.metrics["alarm"] is True and "made for other people" in trained.metrics["alarm_says"]
    assert learned().metrics["alarm"] is False


def test_the_search_takes_the_setting_with_the_lowest_loss_and_stops_growing():
    rows, plan = stack(TRAINING, COLUMNS), quick_plan()
    fold = folds_by_person(rows.person_keys, folds=3, seed=1)
    weak = plan.lightgbm.search[0].model_copy(update={"min_data_in_leaf": 3000})
    trees = plan.lightgbm.model_copy(
        update={"search": (weak, plan.lightgbm.search[0]), "search_from_rows": 0, "rounds_most": 400}
    )
    shared = {"fold": fold, "columns": COLUMNS, "seed": plan.seed, "threads": 1}
    tried = search_trees(rows.matrix, rows.outcome, plan=trees, **shared)
    assert [each.dials.min_data_in_leaf for each in tried] == [30, 3000] and tried[0].loss < tried[1].loss
    assert tried[0].rounds < 400 - trees.rounds_step * trees.stop_after_steps, "it stopped before the last round"
    few = trees.model_copy(update={"search_from_rows": len(rows.outcome) + 1})
    assert [each.dials for each in search_trees(rows.matrix, rows.outcome, plan=few, **shared)] == [weak]
    twice = trees.model_copy(update={"search": (plan.lightgbm.search[0],) * 2, "rounds_most": 40})
    first, second = search_trees(rows.matrix, rows.outcome, plan=twice, **shared)
    assert first.loss == second.loss


def test_a_changed_plan_is_another_plan():
    plan = load_plan(PROJECT, "emergency_admission_12m")
    other = plan.changed(holdout=plan.holdout.model_copy(update={"unseen_practices_share": 0.5}))
    assert other.digest != plan.digest == load_plan(PROJECT, "emergency_admission_12m").digest
    assert other.digest == plan.changed(holdout=other.holdout).digest
    assert other.holdout.unseen_practices_share == 0.5 and other.lightgbm == plan.lightgbm
    with pytest.raises(ValueError, match="most sources first"):
        plan.changed(source_sets=plan.source_sets[::-1])
