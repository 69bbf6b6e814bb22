"""Decisions about deliveries: recorded with their effect and audit row, in one piece; and what deliveries measured."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from test_ledger_deliveries import RECEIVED, received

from pipeline.errors import PipelineError
from pipeline.ledger import audit
from pipeline.ledger.connect import Ledger
from pipeline.ledger.decisions import MOVES, is_accepted_by_person, list_decisions, record_decision
from pipeline.ledger.deliveries import (
    get_delivery,
    record_format,
    record_original_deleted,
    record_verdict,
)
from pipeline.ledger.profiles import read_profiles, record_profile

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


def accepted(ledger: Ledger, delivery_id: str, **changes: Any) -> None:
    received(ledger, delivery_id, rows_in=4, **changes)
    record_verdict(ledger, delivery_id=delivery_id, state="accepted", rows_in=4, rows_valid=3, rows_broken=1)


def decide(ledger: Ledger, verb: str, *, delivery_id: str = "d1", reason: str = "see the minutes") -> None:
    record_decision(ledger, delivery_id=delivery_id, verb=verb, who="A. Name", reason=reason, at=AT)


def state(ledger: Ledger) -> str:
    found = get_delivery(ledger, "d1")
    assert found is not None
    return found.state


def test_a_delivery_is_held_and_released_with_its_counts(ledger: Ledger) -> None:
    accepted(ledger, "d1")
    decide(ledger, "hold")
    held = get_delivery(ledger, "d1")
    assert held is not None and (held.state, held.rows_valid, held.rows_broken) == ("held", 3, 1)
    decide(ledger, "release", reason="checked by telephone")
    assert state(ledger) == "accepted"
    told = [(one.verb, one.who, one.reason, one.at) for one in list_decisions(ledger, delivery_id="d1")]
    assert told == [("hold", "A. Name", "see the minutes", AT), ("release", "A. Name", "checked by telephone", AT)]


def test_refusing_afterwards_counts_every_row_as_refused(ledger: Ledger) -> None:
    accepted(ledger, "d1")
    decide(ledger, "refuse")
    found = get_delivery(ledger, "d1")
    assert found is not None and found.balances()
    assert (found.state, found.reason_code, found.rows_refused, found.rows_valid) == ("refused", "OPERATOR", 4, 0)


def test_an_accepted_refusal_waits_to_be_judged_again(ledger: Ledger) -> None:
    received(ledger, "d1", rows_in=4)
    record_verdict(
        ledger, delivery_id="d1", state="refused", reason_code="GP-EV-002", reason="short", rows_in=4, rows_refused=4
    )
    assert not is_accepted_by_person(ledger, "d1")
    decide(ledger, "accept")
    found = get_delivery(ledger, "d1")
    assert found is not None and (found.state, found.reason_code, found.reason) == ("received", None, None)
    assert is_accepted_by_person(ledger, "d1")
    decide(ledger, "refuse")
    assert not is_accepted_by_person(ledger, "d1")


@pytest.mark.parametrize("verb", sorted(MOVES))
@pytest.mark.parametrize("begin", ["received", "held", "accepted", "refused", "duplicate"])
def test_a_verb_is_said_only_of_states_it_fits_and_else_changes_nothing(ledger: Ledger, verb: str, begin: str) -> None:
    accepted(ledger, "d1")
    if begin == "held":
        decide(ledger, "hold")
    elif begin == "received":
        decide(ledger, "refuse")
        decide(ledger, "accept")
    elif begin != "accepted":
        record_verdict(ledger, delivery_id="d1", state=begin)
    entries, decisions = len(audit.verify(ledger)), list_decisions(ledger)
    if begin in MOVES[verb][0]:
        decide(ledger, verb)
        assert state(ledger) == MOVES[verb][1]
        return
    with pytest.raises(PipelineError, match=f"d1 is {begin}"):
        decide(ledger, verb)
    assert state(ledger) == begin
    assert (len(audit.verify(ledger)), list_decisions(ledger)) == (entries, decisions)


def test_each_decision_is_in_the_audit_chain_with_its_reason(ledger: Ledger) -> None:
    accepted(ledger, "d1")
    decide(ledger, "hold")
    (entry,) = audit.list_entries(ledger, action="delivery_hold")
    assert (entry.subject, entry.at) == ("d1", AT)
    assert entry.counts == {"state_before": "accepted", "rows_in": 4, "rows_valid": 3, "reason": "see the minutes"}
    assert audit.verify(ledger) == []


def test_a_reason_with_an_nhs_number_is_not_written_anywhere(ledger: Ledger) -> None:
    accepted(ledger, "d1")
    with pytest.raises(PipelineError, match="looks like an NHS number") as caught:
        decide(ledger, "hold", reason="the row of 999 000 0018 is wrong")
    assert "999 000 0018" not in str(caught.value)
    assert (state(ledger), list_decisions(ledger)) == ("accepted", [])


def test_a_decision_about_nothing_is_refused(ledger: Ledger) -> None:
    with pytest.raises(PipelineError, match="d1 is unknown"):
        decide(ledger, "hold")


def test_what_was_found_out_later_is_entered_on_the_delivery(ledger: Ledger) -> None:
    expires = RECEIVED.date() + timedelta(days=90)
    received(ledger, "d1", corrects="d0", original_expires_on=expires)
    record_format(ledger, delivery_id="d1", format_name="release_1")
    record_original_deleted(ledger, delivery_id="d1", at=AT)
    found = get_delivery(ledger, "d1")
    assert found is not None
    assert (found.corrects, found.original_expires_on, found.format_name) == ("d0", expires, "release_1")
    assert found.original_deleted_at == AT


def test_measures_come_back_exact_and_in_order_of_arrival(ledger: Ledger) -> None:
    accepted(ledger, "later", received_at=RECEIVED + timedelta(days=1), sha256="b" * 64)
    accepted(ledger, "first")
    accepted(ledger, "stranger", sender="F83005")
    received(ledger, "waiting")
    for name in ("later", "first", "stranger", "waiting"):
        record_profile(ledger, name, {"rows": 3, "share_empty.postcode": 0.125, "mean.value": Decimal("1") / 3})
    record_profile(ledger, "first", {"rows": 4})
    found = read_profiles(ledger, extract="gp_event", sender="F83004")
    assert list(found) == ["first", "later"]
    assert found["first"] == {"rows": Decimal(4)}
    assert found["later"] == {
        "mean.value": Decimal("0.333333"),
        "rows": Decimal(3),
        "share_empty.postcode": Decimal("0.125"),
    }
    before = RECEIVED + timedelta(hours=1)
    assert list(read_profiles(ledger, extract="gp_event", sender="F83004", before=before)) == ["first"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10.0**18])
def test_what_is_no_number_is_not_a_measure(ledger: Ledger, value: float) -> None:
    accepted(ledger, "d1")
    with pytest.raises(Exception, match="not a number below"):
        record_profile(ledger, "d1", {"rows": value})
    assert read_profiles(ledger, extract="gp_event", sender="F83004") == {}
