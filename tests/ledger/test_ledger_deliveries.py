"""Deliveries: entered once, judged, linked, and balanced row for row."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.ledger.connect import Ledger
from pipeline.ledger.deliveries import (
    get_delivery,
    list_deliveries,
    record_linkage,
    record_received,
    record_verdict,
)

RECEIVED = datetime(2026, 11, 14, 3, 15, tzinfo=UTC)


def received(ledger: Ledger, delivery_id: str, **changes: Any) -> None:
    row = {
        "extract": "gp_event",
        "sender": "F83004",
        "kind": "regular",
        "file_name": "gp_event.csv",
        "sha256": "a" * 64,
        "period_start": date(2026, 11, 7),
        "period_end": date(2026, 11, 13),
        "received_at": RECEIVED,
    }
    record_received(ledger, delivery_id=delivery_id, **{**row, **changes})


def test_a_delivery_comes_back_as_it_went_in(ledger: Ledger) -> None:
    received(ledger, "d1", rows_in=12)
    found = get_delivery(ledger, "d1")
    assert found is not None
    assert (found.state, found.received_at, found.period_end) == ("received", RECEIVED, date(2026, 11, 13))
    assert (found.rows_in, found.rows_kept, found.rows_quarantined) == (12, 0, 0)
    assert not found.balances()
    assert get_delivery(ledger, "d2") is None


def test_receiving_again_leaves_the_verdict_alone(ledger: Ledger) -> None:
    received(ledger, "d1")
    record_verdict(ledger, delivery_id="d1", state="refused", reason_code="GP-EV-001", rows_in=3, rows_refused=3)
    received(ledger, "d1", file_name="other.csv")
    found = get_delivery(ledger, "d1")
    assert found is not None
    assert (found.state, found.reason_code, found.file_name) == ("refused", "GP-EV-001", "gp_event.csv")


def test_every_row_is_accounted_for_from_verdict_to_linkage(ledger: Ledger) -> None:
    received(ledger, "d1")
    counts = {"rows_valid": 6, "rows_duplicate": 1, "rows_superseded": 2, "rows_broken": 1}
    record_verdict(
        ledger,
        delivery_id="d1",
        state="accepted",
        content_digest="c" * 64,
        rows_in=10,
        latest_event_date=date(2026, 11, 12),
        **counts,
    )
    record_linkage(ledger, delivery_id="d1", rows_unlinked=2, rows_opted_out=1)
    found = get_delivery(ledger, "d1")
    assert found is not None
    assert found.balances()
    assert (found.rows_kept, found.rows_quarantined, found.rows_opted_out) == (4, 3, 1)
    assert found.latest_event_date == date(2026, 11, 12)


@pytest.mark.parametrize(
    "counts", [{"rows_in": 3}, {"rows_in": 3, "rows_valid": 2}, {"rows_in": 1, "rows_valid": 2, "rows_broken": -1}]
)
def test_a_verdict_that_does_not_balance_is_refused_and_changes_nothing(ledger: Ledger, counts: dict[str, int]) -> None:
    received(ledger, "d1")
    with pytest.raises(PipelineError, match="does not hold together"):
        record_verdict(ledger, delivery_id="d1", state="accepted", **counts)
    found = get_delivery(ledger, "d1")
    assert found is not None and found.state == "received"


@pytest.mark.parametrize("state", ["received", "fine"])
def test_only_a_verdict_is_a_verdict(ledger: Ledger, state: str) -> None:
    received(ledger, "d1")
    with pytest.raises(PipelineError):
        record_verdict(ledger, delivery_id="d1", state=state)


def test_nothing_is_recorded_for_a_delivery_that_never_came(ledger: Ledger) -> None:
    with pytest.raises(PipelineError, match="never received"):
        record_verdict(ledger, delivery_id="d1", state="accepted")
    with pytest.raises(PipelineError, match="not accepted"):
        record_linkage(ledger, delivery_id="d1", rows_unlinked=0, rows_opted_out=0)


@pytest.mark.parametrize(("unlinked", "opted_out"), [(5, 0), (0, 5), (-1, 0)])
def test_linkage_cannot_lose_more_rows_than_there_are(ledger: Ledger, unlinked: int, opted_out: int) -> None:
    received(ledger, "d1")
    record_verdict(ledger, delivery_id="d1", state="accepted", rows_in=4, rows_valid=4)
    with pytest.raises(PipelineError, match="among 4 valid ones"):
        record_linkage(ledger, delivery_id="d1", rows_unlinked=unlinked, rows_opted_out=opted_out)


@pytest.mark.parametrize(("content_digest", "expected"), [("same", 2), ("other", 0)])
def test_judging_again_keeps_linkage_only_for_the_same_content(
    ledger: Ledger, content_digest: str, expected: int
) -> None:
    received(ledger, "d1")
    verdict = {"delivery_id": "d1", "state": "accepted", "rows_in": 4, "rows_valid": 4}
    record_verdict(ledger, content_digest="same", **verdict)
    record_linkage(ledger, delivery_id="d1", rows_unlinked=2, rows_opted_out=1)
    record_verdict(ledger, content_digest=content_digest, **verdict)
    found = get_delivery(ledger, "d1")
    assert found is not None and found.rows_unlinked == expected


def test_lists_keep_the_order_of_arrival_and_the_cut_off_excludes(ledger: Ledger) -> None:
    received(ledger, "b", received_at=RECEIVED)
    received(ledger, "a", received_at=RECEIVED)
    received(ledger, "c", received_at=RECEIVED - timedelta(days=1), extract="acute_apc", sender="RAL")
    record_verdict(ledger, delivery_id="b", state="accepted")

    def ids(**conditions: Any) -> list[str]:
        return [one.delivery_id for one in list_deliveries(ledger, **conditions)]

    assert ids() == ["c", "a", "b"]
    assert ids(received_before=RECEIVED) == ["c"]
    assert ids(states=["accepted"]) == ["b"]
    assert ids(states=[]) == []
    assert ids(extract="acute_apc") == ids(sender="RAL") == ["c"]


@given(st.lists(st.integers(0, 10**6), min_size=5, max_size=5), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_counts_the_balance_holds_after_linkage(
    ledger: Ledger, counts: list[int], data: st.DataObject
) -> None:
    names = ("rows_valid", "rows_duplicate", "rows_superseded", "rows_broken", "rows_refused")
    received(ledger, "d1")
    record_verdict(
        ledger,
        delivery_id="d1",
        state="accepted",
        rows_in=sum(counts),
        **dict(zip(names, counts, strict=True)),
    )
    unlinked = data.draw(st.integers(0, counts[0]))
    record_linkage(ledger, delivery_id="d1", rows_unlinked=unlinked, rows_opted_out=0)
    found = get_delivery(ledger, "d1")
    assert found is not None and found.balances() and found.rows_kept == counts[0] - unlinked
