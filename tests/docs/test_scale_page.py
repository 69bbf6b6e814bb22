"""docs/scale.md tells the figures that were measured, and no others."""

import json

import pytest

from benchmarks.scale.page import HERE, PAGE, filled


def test_the_tables_are_those_of_the_measured_figures() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m benchmarks.scale.page"
    assert "| not met |" not in text or "Missed: " in text


def test_the_figures_by_date_are_of_the_model_that_was_judged() -> None:
    result, dates = (json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in ("result", "dates"))
    assert dates["model_id"] == result["model_id"]
    assert [row["index_date"] for row in dates["dates"]] == [
        *result["holdout"]["training_index_dates"],
        result["holdout"]["index_date"],
    ]
    last, unseen = dates["dates"][-1], result["parts"]["unseen_practice"]
    assert last["people"] == unseen["people"] and last["oe"][0] == pytest.approx(unseen["oe"][0], abs=1e-4)
