"""Backfills in the ledger: entered once, each night's last attempt counts, and their runs are needed until the end."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from pipeline.errors import PipelineError
from pipeline.ledger import audit, backfills, runs
from pipeline.ledger.backfills import Backfill, BackfilledNight
from pipeline.ledger.connect import Ledger

AT = datetime(2026, 11, 26, 6, tzinfo=UTC)
LATER = datetime(2026, 11, 27, 6, tzinfo=UTC)
ASKED = Backfill(
    "x_1", "then", date(2026, 11, 1), date(2026, 11, 15), "week", False, "started", {"deliveries": ["d"]}, AT
)


def frozen(ledger: Ledger, run_key: str) -> None:
    runs.freeze_run(
        ledger, run_key=run_key, kind="replay", as_of=date(2026, 11, 1), knowledge="then", model_id=None, inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip


def test_it_is_entered_once_and_told_to_the_audit_once(ledger: Ledger) -> None:
    first = backfills.begin_backfill(ledger, asked=ASKED)
    again = backfills.begin_backfill(ledger, asked=replace(ASKED, started_at=LATER, frozen={}))
    assert first == again == ASKED
    told = audit.list_entries(ledger, action="backfill")
    assert [one.subject for one in told] == ["x_1: 2026-11-01 to 2026-11-15 every week, knowledge then"]
    assert backfills.get_backfill(ledger, "y") is None


def test_of_a_night_the_last_attempt_counts(ledger: Ledger) -> None:
    backfills.begin_backfill(ledger, asked=ASKED)
    frozen(ledger, "r1")
    failed = BackfilledNight("x_1", date(2026, 11, 8), None, "failed", AT, AT, {"error": "no model"})
    other = BackfilledNight("x_1", date(2026, 11, 1), "r1", "started", AT)
    for one in (failed, other, replace(failed, run_key="r1", state="finished", content={"packs": 4})):
        backfills.record_night(ledger, night=one)
    held = backfills.nights(ledger, series="x_1")
    assert [(one.as_of.day, one.run_key, one.state, one.content) for one in held] == [
        (1, "r1", "started", {}),
        (8, "r1", "finished", {"packs": 4}),
    ]


def test_its_runs_are_in_progress_until_it_is_at_its_end(ledger: Ledger) -> None:
    for asked in (ASKED, replace(ASKED, series="airflow", every=None)):
        backfills.begin_backfill(ledger, asked=asked)
    for series, key in (("x_1", "r1"), ("airflow", "r2")):
        frozen(ledger, key)
        backfills.record_night(ledger, night=BackfilledNight(series, date(2026, 11, 1), key, "finished", AT, AT))
    # One without an end is never in progress: its runs would be kept for ever.
    assert backfills.runs_in_progress(ledger) == {"r1"}
    backfills.finish_backfill(ledger, series="x_1", at=LATER)
    assert backfills.runs_in_progress(ledger) == frozenset()
    with pytest.raises(PipelineError, match="not in the ledger"):
        backfills.finish_backfill(ledger, series="nothing", at=LATER)
