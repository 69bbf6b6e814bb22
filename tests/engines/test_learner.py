"""The learner on an invented frame: same bytes for any order and threads, unfit models refused."""

import json
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from invented_frame import COLUMNS, HOLDOUT, PEOPLE, PROJECT, TRAINING, learned, quick_plan, shuffled

from pipeline.contracts.model import load_plan
from pipeline.engines.learner import LabelledTable, contributions, load_model, predict
from pipeline.engines.learner_lightgbm import fit_trees, search_trees, threads_worth_having
from pipeline.engines.learner_logistic import out_of_fold_logistic
from pipeline.engines.learner_matrix import folds_by_person, stack
from pipeline.errors import ContractError, ModelUnfit
from pipeline.rules.evaluation import auroc
from pipeline.rules.times import months_before


def test_same_bytes_for_other_threads_and_shuffled_rows(trained):
    mixed = [shuffled(table, seed=9) for table in reversed(TRAINING)]
    again = learned(mixed, shuffled(HOLDOUT, seed=8), threads=2)
    assert trained.files["manifest.json"] == again.files["manifest.json"]
    assert dict(trained.files) == dict(again.files)
    assert trained.model_id == again.model_id


def test_trees_are_the_same_text_and_scores_for_one_thread_and_two():
    rows = stack(TRAINING, COLUMNS)
    plan = quick_plan()
    texts, chosen = [], []
    for threads in (1, 2):
        shared = {"plan": plan.lightgbm, "columns": COLUMNS, "seed": plan.seed, "threads": threads}
        texts.append(fit_trees(rows.matrix, rows.outcome, dials=plan.lightgbm.search[0], rounds=40, **shared))
        fold = folds_by_person(rows.person_keys, folds=3, seed=1)
        chosen.append(search_trees(rows.matrix, rows.outcome, fold=fold, **shared)[0])
    assert texts[0] == texts[1] and "tree_sizes" in texts[0]
    assert chosen[0].rounds == chosen[1].rounds and (chosen[0].unseen == chosen[1].unseen).all()


@pytest.mark.parametrize("kind", ["lightgbm", "logistic"])
def test_out_of_fold_predictions_never_saw_the_person(kind):
    random = np.random.default_rng(11)
    matrix = random.normal(size=(3000, 7))
    chance = (random.random(3000) < 0.3).astype(np.int8)  # nothing to learn, so only a leak can beat a coin
    fold = folds_by_person([f"p1_{number}" for number in range(3000)], folds=3, seed=1)
    plan = quick_plan()
    if kind == "lightgbm":
        trees = plan.lightgbm.model_copy(update={"rounds_step": 40})
        grown = search_trees(matrix, chance, fold=fold, plan=trees, columns=COLUMNS, seed=plan.seed, threads=1)
        unseen = grown[0].unseen
    else:
        unseen = out_of_fold_logistic(matrix, chance, fold=fold, columns=COLUMNS, dials=plan.logistic)
    assert auroc(unseen, chance) < 0.55


def test_rows_are_sorted_by_date_and_person_before_anything_is_learned():
    rows = stack(TRAINING, COLUMNS)
    mixed = stack([shuffled(table, seed=9) for table in reversed(TRAINING)], COLUMNS)
    assert list(rows.person_keys[:PEOPLE]) == sorted(rows.person_keys[:PEOPLE])
    assert rows.person_keys == mixed.person_keys and list(rows.per_date) == list(mixed.per_date)
    assert (rows.outcome == mixed.outcome).all()
    assert np.array_equal(rows.matrix, mixed.matrix, equal_nan=True)
    assert rows.per_date["2024-04-16"]["events"] == int(TRAINING[0].outcome.sum()) == int(rows.outcome[:PEOPLE].sum())


def test_only_large_tables_are_worth_threads():
    assert threads_worth_having(60_000, 8) == 1
    assert threads_worth_having(4_000_000, 8) == 8


def test_another_seed_is_another_model(trained):
    other = learned(seed=7)
    assert other.model_id != trained.model_id


def test_files_are_text_without_threads_or_people(either):
    assert set(either.files) >= {"all.calibration.json", "features.json", "metrics.json", "manifest.json"}
    for name, content in either.files.items():
        text = content.decode()
        assert "num_threads" not in text and "p1_" not in text, name
    manifest = json.loads(either.files["manifest.json"])
    assert set(manifest["files"]) == set(either.files) - {"manifest.json"}
    assert manifest["training"]["rows"] == 2 * PEOPLE and manifest["training"]["people"] == PEOPLE


def test_scores_do_not_depend_on_company_order_or_threads(either):
    model = load_model(either.files)
    whole = predict(model, HOLDOUT.features, threads=1)
    by_key = dict(zip(whole.person_key, whole.risk_score, strict=True))
    few = shuffled(HOLDOUT, seed=4).features.slice(10, 7)
    part = predict(model, few, threads=2)
    assert part.person_key == tuple(few.column("person_key").to_pylist())
    assert [by_key[key] for key in part.person_key] == list(part.risk_score)


def test_scores_are_probabilities_in_the_order_of_the_log_odds(either):
    scores = predict(load_model(either.files), HOLDOUT.features, threads=2)
    assert ((scores.risk_score > 0) & (scores.risk_score < 1)).all()
    order = np.argsort(scores.log_odds, kind="stable")
    assert (np.diff(scores.risk_score[order]) >= 0).all()
    table = scores.as_table()
    assert table.schema.field("risk_score").type == pa.decimal128(7, 6)
    assert float(table.column("risk_score")[0].as_py()) == scores.risk_score[0]


def test_contributions_sum_to_the_log_odds_but_for_one_base(either):
    model = load_model(either.files)
    some = HOLDOUT.features.slice(0, 60)
    shares = contributions(model, some, threads=2)
    assert shares.shape == (60, len(COLUMNS))
    base = predict(model, some, threads=1).log_odds - shares.sum(axis=1)
    assert np.ptp(base) < 2e-5
    assert np.ptp(shares.sum(axis=1)) > 0.5
    assert not shares[:, COLUMNS.index("has_dementia")].any(), "an all-null column explains nothing"


def test_a_null_is_not_a_zero(either):
    model = load_model(either.files)
    one = HOLDOUT.features.slice(0, 1)
    place = one.column_names.index("egfr_ml_min")
    zero = one.set_column(place, "egfr_ml_min", pa.array([0.0]))
    none = one.set_column(place, "egfr_ml_min", pa.array([None], pa.float64()))
    as_zero = contributions(model, zero, threads=1)[0, COLUMNS.index("egfr_ml_min")]
    as_null = contributions(model, none, threads=1)[0, COLUMNS.index("egfr_ml_min")]
    assert as_zero != as_null


def test_refuses_features_of_another_model(trained):
    model = load_model(trained.files)
    with pytest.raises(ModelUnfit, match="lacking: has_copd"):
        predict(model, HOLDOUT.features.drop_columns(["has_copd"]), threads=1)
    with pytest.raises(ModelUnfit, match="unknown to the model: has_gout"):
        wider = HOLDOUT.features.append_column("has_gout", pa.nulls(PEOPLE, pa.bool_()))
        predict(model, wider, threads=1)
    with pytest.raises(ModelUnfit, match="has_copd holds string"):
        words = HOLDOUT.features.drop_columns(["has_copd"]).append_column("has_copd", pa.array(["no"] * PEOPLE))
        predict(model, words, threads=1)
    keyed = HOLDOUT.features.append_column("run_key", pa.array(["r"] * PEOPLE))
    assert len(predict(model, keyed, threads=1).person_key) == PEOPLE


def test_refuses_changed_or_absent_files(trained):
    for name in trained.files:
        changed = {**trained.files, name: trained.files[name] + b" "}
        if name == "manifest.json":  # its digest is the model id
            assert load_model(changed).model_id != trained.model_id
        else:
            with pytest.raises(ModelUnfit, match="absent or was changed"):
                load_model(changed)
        with pytest.raises(ModelUnfit):
            load_model({key: content for key, content in trained.files.items() if key != name})


def test_the_better_model_ships_and_both_are_judged(trained, baseline):
    metrics = json.loads(trained.files["metrics.json"])
    losses = {name: metrics["candidates"][name]["out_of_fold_log_loss"] for name in ("lightgbm", "logistic")}
    assert trained.kind == min(losses, key=losses.__getitem__) == metrics["winner"] == "lightgbm"
    assert baseline.kind == "logistic" and "all.logistic.json" in baseline.files
    assert set(metrics["holdout"]["models"]) == {"lightgbm", "logistic", "age_sex"}
    for name, each in metrics["holdout"]["models"].items():
        assert (0.6 if name == "age_sex" else 0.65) < each["auroc"] < 0.85
        assert each["auroc_low"] < each["auroc"] < each["auroc_high"]
        assert 0.8 < each["observed_over_expected"] < 1.25
        assert [row["k"] for row in each["top"]] == [20, 40, 80, 200]
    assert metrics["alarm"] is False
    assert metrics["holdout"]["events"] == int(HOLDOUT.outcome.sum())


def test_a_leak_raises_the_alarm():
    def leaking(table: LabelledTable) -> LabelledTable:
        known = table.features.append_column("emergency_admissions_next", pa.array(table.outcome, pa.int8()))
        hidden = np.random.default_rng(5).random(PEOPLE) < 0.1
        values = np.where(hidden, 1 - table.outcome, table.outcome)
        place = known.column_names.index("emergency_admissions_next")
        return LabelledTable(
            table.index_date,
            known.set_column(place, "emergency_admissions_next", pa.array(values, pa.int8())),
            table.outcome,
        )

    columns = (*COLUMNS, "emergency_admissions_next")
    trained = learned([leaking(TRAINING[0])], leaking(HOLDOUT), columns=columns, sets={"all": columns}, threads=2)
    assert trained.metrics["alarm"] is True
    assert "look for a leak" in trained.metrics["alarm_says"]


def test_isotonic_calibration_can_be_asked_for():
    trained = learned(calibration="isotonic", threads=2)
    scores = predict(load_model(trained.files), HOLDOUT.features, threads=1)
    assert json.loads(trained.files["all.calibration.json"])["method"] == "isotonic"
    assert 0.7 < HOLDOUT.outcome.sum() / scores.risk_score.sum() < 1.4


def test_unsound_tables_are_refused_without_a_person_in_the_message():
    doubled = LabelledTable(
        TRAINING[0].index_date,
        pa.concat_tables([TRAINING[0].features, TRAINING[0].features.slice(0, 1)]),
        np.append(TRAINING[0].outcome, np.int8(0)),
    )
    nobody = LabelledTable(TRAINING[0].index_date, TRAINING[0].features, np.zeros(PEOPLE, np.int8))
    short = LabelledTable(TRAINING[0].index_date, TRAINING[0].features, np.zeros(3, np.int8))
    later = LabelledTable(HOLDOUT.index_date, TRAINING[0].features, TRAINING[0].outcome)
    for table, says in ((doubled, "twice"), (nobody, "Nobody"), (short, "0 or 1"), (later, "not older")):
        with pytest.raises(ContractError, match=says) as raised:
            learned([table])
        assert "p1_" not in str(raised.value)


def test_one_person_is_in_one_fold_whoever_else_is_there():
    keys = [f"p1_{number}" for number in range(400)]
    fold = dict(zip(keys, folds_by_person(keys, folds=5, seed=3), strict=True))
    # In another order and number than before: a fold that follows from where a row stands would show.
    rows = [*keys[7:50], *keys[:50]]
    again = folds_by_person(rows, folds=5, seed=3)
    assert list(again) == [fold[key] for key in rows]
    assert set(fold.values()) == {0, 1, 2, 3, 4}


def test_plan_dates_leave_no_overlap():
    plan = load_plan(PROJECT, "emergency_admission_12m")
    index_date = date(2026, 11, 16)
    training, judged = plan.training_index_dates(index_date), plan.holdout_index_date(index_date)
    assert training == (date(2024, 4, 16), date(2024, 7, 16), date(2024, 10, 16))
    assert judged == date(2025, 10, 16)
    assert months_before(judged, -plan.horizon_months) <= index_date
    assert all(months_before(each, -plan.horizon_months) <= judged for each in training)
    assert months_before(date(2026, 3, 31), 13) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("[31, 28, 25]", "[31, 28, 24]", "reaches past the hold-out"),
        ("holdout_months_before: 13", "holdout_months_before: 12", "not yet known"),
        ("[31, 28, 25]", "[33, 28, 25]", "too little history"),
        ("max_depth: 4", "max_depth: 9", "lightgbm.search.0.max_depth"),
        ("rounds_step: 20", "rounds_step: 7", "multiple of rounds_step"),
        ("folds: 5", "foldes: 5", "fold"),
        ("name: emergency_admission_12m", "name: something_else", "another model"),
        ("plan: plan/3", "plan: [", "plan.yml"),
        ("plan: plan/3", "plan: plan/2", "plan"),
        ("calibrate_on: newest_index_date", "calibrate_on: last_week", "calibrate_on: .*newest_index_date"),
        ("calibrate_on: newest_index_date\n", "", "calibrate_on"),
        ("calibrate_from_events: 4000", "calibrate_from_events: 0", "calibrate_from_events: .*greater"),
    ],
)
def test_an_unsound_plan_is_refused_by_field(tmp_path, written, instead, says):
    folder = tmp_path / "models" / "emergency_admission_12m"
    folder.mkdir(parents=True)
    text = (PROJECT / "models" / "emergency_admission_12m" / "plan.yml").read_text()
    assert written in text
    (folder / "plan.yml").write_text(text.replace(written, instead, 1))
    with pytest.raises(ContractError, match=says):
        load_plan(tmp_path, "emergency_admission_12m")
    with pytest.raises(ContractError, match="no plan for a model"):
        load_plan(tmp_path, "another")
