"""Runs and steps: frozen once, found again after a kill, finished once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.errors import PipelineError
from pipeline.ledger import runs, steps
from pipeline.ledger.connect import Ledger
from pipeline.ledger.deliveries import record_received

AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
AS_OF = date(2026, 11, 15)


def deliveries(ledger: Ledger, *names: str) -> None:
    for name in names:
        record_received(
            ledger,
            delivery_id=name,
            extract="gp_event",
            sender="F83004",
            kind="bulk",
            file_name="f.csv",
            sha256="a" * 64,
            period_start=AS_OF,
            period_end=AS_OF,
            received_at=AT,
        )


def frozen(ledger: Ledger, run_key: str, **changes: Any) -> runs.Run:
    row = {
        "kind": "nightly",
        "as_of": AS_OF,
        "knowledge": "then",
        "model_id": None,
        "inputs": {"policy": "p", "a": [1, 2]},
        "delivery_ids": [],
        "at": AT,
    }
    return runs.freeze_run(ledger, run_key=run_key, **{**row, **changes})


def test_a_run_is_frozen_with_its_deliveries(ledger: Ledger) -> None:
    deliveries(ledger, "d2", "d1")
    made = frozen(ledger, "r1", delivery_ids=["d2", "d1", "d2"], model_id="m1")
    assert made == runs.get_run(ledger, "r1")
    assert (made.state, made.started_at, made.finished_at, made.counts) == ("started", AT, None, {})
    assert made.inputs == {"policy": "p", "a": [1, 2]}
    assert runs.run_deliveries(ledger, "r1") == ["d1", "d2"]


def test_freezing_again_gives_the_run_as_it_stands(ledger: Ledger) -> None:
    frozen(ledger, "r1")
    runs.finish_run(ledger, run_key="r1", at=LATER, counts={"people": 3})
    again = frozen(ledger, "r1", at=LATER + timedelta(days=1))
    assert (again.state, again.started_at, again.finished_at, again.counts) == (
        "finished",
        AT,
        LATER,
        {"people": 3},
    )


def test_one_key_cannot_name_two_delivery_sets(ledger: Ledger) -> None:
    deliveries(ledger, "d1")
    frozen(ledger, "r1")
    with pytest.raises(PipelineError, match="another delivery set"):
        frozen(ledger, "r1", delivery_ids=["d1"])


def test_a_run_with_an_unknown_delivery_leaves_nothing_behind(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        frozen(ledger, "r1", delivery_ids=["nobody-sent-this"])
    assert runs.get_run(ledger, "r1") is None


def test_the_latest_unfinished_run_is_found(ledger: Ledger) -> None:
    frozen(ledger, "old")
    frozen(ledger, "new", at=LATER)
    frozen(ledger, "now", at=LATER + timedelta(hours=1), knowledge="now")
    wanted = {"kind": "nightly", "as_of": AS_OF, "knowledge": "then"}
    found = runs.find_unfinished(ledger, **wanted)
    assert found is not None and found.run_key == "new"
    runs.finish_run(ledger, run_key="new", at=LATER, counts={})
    runs.finish_run(ledger, run_key="old", at=LATER, counts={})
    assert runs.find_unfinished(ledger, **wanted) is None
    assert [run.run_key for run in runs.list_runs(ledger, as_of=AS_OF)] == ["old", "new", "now"]
    assert runs.list_runs(ledger, kind="train") == []


def test_finishing_again_keeps_the_first_stamp(ledger: Ledger) -> None:
    frozen(ledger, "r1")
    runs.finish_run(ledger, run_key="r1", at=LATER, counts={"a": 1})
    runs.finish_run(ledger, run_key="r1", at=LATER + timedelta(days=1), counts={"a": 2})
    found = runs.get_run(ledger, "r1")
    assert found is not None and (found.finished_at, found.counts) == (LATER, {"a": 2})
    with pytest.raises(PipelineError, match="not in the ledger"):
        runs.finish_run(ledger, run_key="r2", at=LATER, counts={})


def test_a_step_is_restarted_in_place(ledger: Ledger) -> None:
    steps.start_step(ledger, scope="r1", step="score", at=AT)
    steps.finish_step(ledger, scope="r1", step="score", at=LATER, counts={"people": 2}, digest="d" * 64)
    found = steps.find_step(ledger, scope="r1", step="score")
    assert found == steps.StepRecord("r1", "score", "finished", AT, LATER, {"people": 2}, "d" * 64)
    steps.start_step(ledger, scope="r1", step="score", at=LATER)
    assert steps.list_steps(ledger, scope="r1") == [steps.StepRecord("r1", "score", "started", LATER, None, {}, None)]


def test_steps_are_listed_as_they_started_and_scopes_stay_apart(ledger: Ledger) -> None:
    steps.start_step(ledger, scope="r1", step="score", at=LATER)
    steps.start_step(ledger, scope="r1", step="features", at=AT)
    steps.start_step(ledger, scope="r2", step="score", at=AT)
    assert [one.step for one in steps.list_steps(ledger, scope="r1")] == ["features", "score"]
    assert steps.find_step(ledger, scope="r2", step="features") is None


def test_a_step_that_never_started_cannot_finish(ledger: Ledger) -> None:
    with pytest.raises(PipelineError, match="never started"):
        steps.finish_step(ledger, scope="r1", step="score", at=AT, counts={})
