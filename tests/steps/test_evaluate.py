"""Evaluate over a home of invented hold-out rows: what it writes, again and again, and which broken models it stops."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from invented_evaluation import NAME, content, held
from invented_holdout import FEATURES, INDEX_DATE, drawn, table
from small_home import numbers, small_context

from pipeline.contracts.settings import Settings, read_settings
from pipeline.errors import ContractError, UserError
from pipeline.ledger import models
from pipeline.ledger.models import Model
from pipeline.rules.calibration import odds_from_probability, probability
from pipeline.rules.evaluation import auroc
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.evaluate import JSON, PAGE, evaluate, read_evaluation
from pipeline.steps.model.evaluate_holdout import holdout_of
from pipeline.steps.model.evaluate_truth import true_risks
from pipeline.steps.opt_out.erasure import key_of
from pipeline.store import layout, tables

MODEL_ID = "abcdef012345"
PEOPLE = 2_000


def settings_of(folder: Path) -> Settings:
    settings = read_settings({"RISKSTRAT_HOME": str(folder)})
    return settings.model_copy(update={"now": datetime(2026, 11, 16, tzinfo=UTC)})


CALIBRATION = {
    "method": "beta",
    "index_dates": ["2024-04-16", "2024-10-16"],
    "events": 1234,
    "asked_for": "newest_index_date",
    "says": "too few on the newest date",
}


def a_home(folder: Path) -> Context:
    """A home with one trained model in its ledger and folder, and no hold-out yet."""
    context = small_context(settings_of(folder))
    trained = layout.models(context.settings.home, NAME) / MODEL_ID
    trained.mkdir(parents=True)
    manifest = {
        "training": {"index_dates": {"2024-04-16": {}, "2024-10-16": {}}},
        "calibration": CALIBRATION,
        "sources_sha256": {},
    }
    (trained / "manifest.json").write_text(json.dumps(manifest))
    (trained / "features.json").write_text(json.dumps({"columns": list(FEATURES)}))
    model = Model(
        model_id=MODEL_ID,
        name=NAME,
        kind="lightgbm",
        trained_as_of=date(2026, 11, 15),
        run_key="0123456789abcdef",
        metrics={},
        recorded_at=context.now(),
    )
    models.record_model(context.ledger, model=model)
    return context


def keep(context: Context, rows: pa.Table) -> None:
    path = layout.table(context.settings.home, "holdout")
    tables.replace_slice(path, rows, column="model_id", value=MODEL_ID)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Context:
    context = a_home(tmp_path_factory.mktemp("evaluate"))
    keep(context, table(drawn(PEOPLE)))
    return context


@pytest.fixture(scope="module")
def written(home) -> dict[str, bytes]:
    evaluate(home, model_id=MODEL_ID)
    folder = layout.evaluation(home.settings.home, MODEL_ID)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_writes_canonical_json_and_a_page_and_enters_the_ledger(home, written):
    assert set(written) == {JSON, PAGE}
    told = json.loads(written[JSON])
    assert read_evaluation(home, MODEL_ID) == told and read_evaluation(home, "000000000000") is None
    assert written[JSON] == (json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()
    assert told["holdout"]["people"] == PEOPLE and told["holdout"]["unseen_practices"] == 2
    assert sum(told["parts"][part]["people"] for part in ("seen_practice", "unseen_practice")) == PEOPLE
    (entered,) = models.evaluations(home.ledger, model_id=MODEL_ID)
    assert entered.objections == [finding["says"] for finding in told["verdict"]["findings"]]


def test_it_says_which_training_dates_calibrate_and_why_not_fewer(written):
    assert json.loads(written[JSON])["calibration"] == CALIBRATION
    assert "<dt>Calibrated on</dt><dd>16 April 2024, 16 October 2024: 1,234 people" in written[PAGE].decode()
    assert "too few on the newest date" in written[PAGE].decode()


def test_no_person_and_no_key_is_in_what_it_writes(written):
    for content_of in written.values():
        assert b"p1_" not in content_of and b'person_key"' not in content_of


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path, written):
    other = a_home(tmp_path)
    rows = table(drawn(PEOPLE))
    keep(other, rows.take(np.random.default_rng(3).permutation(rows.num_rows)))
    evaluate(other, model_id=MODEL_ID)
    folder = layout.evaluation(other.settings.home, MODEL_ID)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == written


def test_a_model_whose_features_cannot_be_tried_any_more_needs_a_reason(written):
    """Its queries are not those of today: nobody can say that no feature saw too far."""
    told = json.loads(written[JSON])
    assert told["verdict"]["word"] == "needs a reason"
    assert ["not be tried" in finding["says"] for finding in told["verdict"]["findings"]] == [True]


def test_a_model_nobody_knows_and_a_hold_out_that_is_gone_are_told(tmp_path):
    context = a_home(tmp_path)
    with pytest.raises(UserError, match="There is no model 000000000000"):
        evaluate(context, model_id="000000000000")
    with pytest.raises(UserError, match="No hold-out rows"):
        evaluate(context, model_id=MODEL_ID)


# Broken models


def test_a_good_model_on_its_own_people_is_clear():
    told = content(6_000)
    assert told["verdict"] == {"word": "clear", "findings": []}
    assert told["parts"]["unseen_practice"]["oe"][1] < 1 < told["parts"]["unseen_practice"]["oe"][2]
    assert [row["verdict"] for row in told["differences"] if row["score"] == "age_sex"] == ["ahead"]
    assert all(0.5 < told[name]["lift_share"][0] < 1 for name in ("oracle", "oracle_unseen"))
    assert told["oracle_unseen"]["people"] < told["oracle"]["people"]


def test_a_model_trained_on_another_population_needs_a_reason():
    """Twice as many expected as happened, in every part and group."""
    raised = probability(odds_from_probability(drawn(4_000)["risk"]) + 0.85)
    told = content(4_000, risk=np.round(raised, 6))
    assert told["parts"]["all"]["oe"][0] == pytest.approx(0.5, abs=0.08)
    assert "Observed over expected of everyone" in told["verdict"]["findings"][0]["says"]
    assert told["fairness"]["calibration"] == "fails"
    # It orders people as before: only calibration tells.
    assert told["parts"]["all"]["auroc"][0] == pytest.approx(auroc_of(drawn(4_000)), abs=1e-6)


def auroc_of(columns: dict[str, np.ndarray]) -> float:
    return auroc(columns["risk"], columns["outcome"].astype(np.int8))


def test_a_practice_without_labels_needs_a_reason():
    columns = drawn(6_000)
    told = content(6_000, outcome=columns["outcome"] & (columns["practice_code"] != "X00003"))
    (finding,) = told["verdict"]["findings"]
    assert finding["gate"] == "fairness" and "Practice X00003: hardly any outcome" in finding["says"]
    (failing,) = told["fairness"]["failing"]
    assert (failing["by"], failing["value"]) == ("practice_code", "X00003")


def test_a_model_that_knows_the_outcome_beats_the_oracle_and_alarms():
    columns = drawn(4_000)
    leaked = probability(odds_from_probability(columns["risk"]) + 3.0 * columns["outcome"] - 0.5)
    told = content(4_000, risk=np.round(leaked, 6))
    assert told["oracle"]["model_minus_oracle"][1] > 0
    assert any("better than the region's own risk" in alarm for alarm in told["leakage"]["alarms"])


def test_people_of_unseen_practices_who_were_learnt_from_alarm():
    """A split by rows: the same people on both sides."""
    told = content(4_000, is_in_training=np.ones(4_000, dtype=bool))
    assert "people of unseen practices were learnt from" in told["leakage"]["alarms"][0]


# The hold-out rows


def test_people_without_a_label_are_counted_and_left_out():
    rows = table(drawn(100))
    unknown = pa.array([None] * 4 + rows["outcome"].to_pylist()[4:], pa.bool_())
    rows = rows.set_column(rows.column_names.index("outcome"), "outcome", unknown)
    one = holdout_of(rows, feature_columns=FEATURES)
    assert (one.people, one.without_label) == (96, 4)


def test_a_person_who_stands_twice_is_refused():
    rows = table(drawn(50))
    with pytest.raises(ContractError, match="one row for each person"):
        holdout_of(pa.concat_tables([rows, rows.slice(0, 1)]), feature_columns=FEATURES)


def test_groups_are_as_the_rows_say():
    one = held(2_000)
    columns = drawn(2_000)
    assert (one.groupings["prior_admissions"] == "none").sum() == (columns["emergency_admissions_24m"] == 0).sum()
    newly = np.array([day >= date(2024, 10, 16) for day in columns["registration_start_date"]])
    assert (one.groupings["registration"] == "newly registered").sum() == newly.sum()
    assert set(one.segments) == set(np.unique(one.groupings["segment"]).tolist())
    assert one.is_unseen.sum() == (columns["part"] == "unseen_practice").sum()


# The truth


def test_the_true_risk_finds_its_people_and_only_of_invented_ones(tmp_path):
    context = small_context(settings_of(tmp_path / "home"))
    known = numbers(6)
    columns = drawn(6)
    columns["person_key"] = np.array([key_of(context, number) for number in known])
    one = holdout_of(table(columns), feature_columns=FEATURES)
    write_truth(tmp_path, known[:4])
    told = dict(zip(one.person_keys, true_risks(context, tmp_path, one).tolist(), strict=True))
    assert [told[key_of(context, number)] for number in known[:4]] == [0.1, 0.2, 0.3, 0.4]
    assert np.isnan([told[key_of(context, number)] for number in known[4:]]).all()
    write_truth(tmp_path, known, day=date(2025, 11, 16))
    with pytest.raises(UserError, match="2025-11-16, the hold-out is of 2025-10-16"):
        true_risks(context, tmp_path, one)
    write_truth(tmp_path, numbers(9)[7:])
    with pytest.raises(UserError, match="Nobody of the hold-out"):
        true_risks(context, tmp_path, one)
    with pytest.raises(UserError, match="no oracle"):
        true_risks(context, tmp_path / "home", one)
    context.settings.policy_file.write_text(
        context.settings.policy_file.read_text().replace("fictitious: true", "fictitious: false")
    )
    with pytest.raises(UserError, match="not fictitious"):
        true_risks(context, tmp_path, one)


def write_truth(folder: Path, nhs_numbers: list[str], *, day: date = INDEX_DATE) -> None:
    import pyarrow.parquet as pq

    risks = [(place + 1) / 10 for place in range(len(nhs_numbers))]
    rows = {"nhs_number": nhs_numbers, "index_date": [day] * len(nhs_numbers), "probability_12m": risks}
    pq.write_table(pa.table(rows), folder / "oracle.parquet")
