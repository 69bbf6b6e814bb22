"""What watching found of a night, and who let a held one go: kept, replaced only by the same night watched again."""

from datetime import UTC, date, datetime

import pytest

from pipeline.errors import PipelineError
from pipeline.ledger import audit, watched
from pipeline.ledger.connect import Ledger
from pipeline.ledger.runs import freeze_run
from pipeline.ledger.watched import Release, Watched

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
NIGHT = date(2026, 11, 22)


@pytest.fixture
def run_key(ledger: Ledger) -> str:
    freeze_run(
        ledger, run_key="0" * 16, kind="nightly", as_of=NIGHT, knowledge="then", model_id="m", inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip
    return "0" * 16


def test_the_same_night_watched_again_takes_its_place(ledger: Ledger, run_key: str) -> None:
    watched.record_watched(ledger, watched=Watched(run_key, NIGHT, "hold", {"a": 0.5}))
    watched.record_watched(ledger, watched=Watched(run_key, NIGHT, "quiet", {"a": None}))
    assert watched.list_watched(ledger) == [Watched(run_key, NIGHT, "quiet", {"a": None})]
    assert watched.find_watched(ledger, run_key) == Watched(run_key, NIGHT, "quiet", {"a": None})
    assert watched.find_watched(ledger, "another") is None


def test_the_latest_decision_counts_and_stands_in_the_audit(ledger: Ledger, run_key: str) -> None:
    assert watched.release_of(ledger, run_key) is None
    for reason in ("first", "second"):
        watched.record_release(ledger, release=Release(run_key, "A. Name", reason, AT))
    assert watched.release_of(ledger, run_key) == Release(run_key, "A. Name", "second", AT)
    told = [row for row in audit.list_entries(ledger, run_key=run_key) if row.action == "publish_anyway"]
    assert [row.counts["reason"] for row in told] == ["first", "second"]
    assert audit.verify(ledger) == []


def test_a_reason_with_a_number_is_refused(ledger: Ledger, run_key: str) -> None:
    with pytest.raises(PipelineError, match="NHS number"):
        watched.record_release(ledger, release=Release(run_key, "A. Name", "as for 999 000 0018", AT))
    assert watched.release_of(ledger, run_key) is None
