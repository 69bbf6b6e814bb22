"""The outbox, the inbox and the mailbox: entered once, moved with a trace, held by one, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.errors import ChannelError
from pipeline.ledger import audit, inbox, outbox, registers, runs
from pipeline.ledger.connect import Ledger, writing
from pipeline.ledger.inbox import Incoming
from pipeline.ledger.outbox import Outgoing
from pipeline.ledger.registers import Edition

AT = datetime(2026, 11, 16, 6, tzinfo=UTC)
NIGHT = date(2026, 11, 15)
EDITION = Edition("practice.F83001.r1", "0123", "current", "practice", NIGHT, "F83001", 1, "0" * 64, "x", {}, AT)
ROW = Outgoing(
    "register-1", EDITION.edition_id, "register", "practice", "F83001", "mesh", "F83001MB", "RISK_REGISTER", "a.zip",
    "0" * 64, AT,
)  # fmt: skip
CAME = Incoming("M1", "X26A", "X26B", "RISK_EXTRACT", "h-1", "0" * 64, "landed", "landing/B/a.csv", None, AT)


@pytest.fixture
def entered(ledger: Ledger) -> Ledger:
    runs.freeze_run(
        ledger, run_key="0123", kind="nightly", as_of=NIGHT, knowledge="then", model_id="m", inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip
    registers.record_edition(ledger, edition=EDITION, entries=[], leaves=[ROW])
    return ledger


def test_a_row_is_entered_once_and_every_move_is_told(entered: Ledger) -> None:
    registers.record_edition(entered, edition=EDITION, entries=[], leaves=[ROW])
    assert outbox.list_outbox(entered) == [ROW]
    outbox.move(entered, ROW.local_id, at=AT, event="sending", state="sending", sending_at=AT, attempts=1)
    outbox.move(entered, ROW.local_id, at=AT, event="noted", says="nothing moved")
    outbox.move(entered, ROW.local_id, at=AT, event="sent", state="sent", sent_at=AT, message_id="M9")
    assert [one.event for one in outbox.events(entered)] == ["entered", "sending", "noted", "sent"]
    found = outbox.by_message(entered, "M9")
    assert found == replace(ROW, state="sent", attempts=1, sending_at=AT, sent_at=AT, message_id="M9")
    assert outbox.list_outbox(entered, states=["waiting"]) == []


def test_nothing_is_sent_without_a_moment(entered: Ledger) -> None:
    with pytest.raises(IntegrityError):
        outbox.move(entered, ROW.local_id, at=AT, event="sent", state="sent")
    assert [one.event for one in outbox.events(entered)] == ["entered"]


@pytest.mark.parametrize(
    ("state", "has_notice", "after"),
    [
        ("waiting", False, "withdrawn"),
        ("held", False, "withdrawn"),
        ("sending", True, "sending"),
        ("sent", True, "sent"),
    ],
)
def test_a_recall_withdraws_what_is_here_and_follows_what_may_have_left(
    entered: Ledger, state: str, has_notice: bool, after: str
) -> None:
    outbox.move(entered, ROW.local_id, at=AT, event="planted", state=state, sent_at=AT)
    notice = replace(ROW, local_id="recall-1", kind="recall")
    with writing(entered) as connection:
        outbox.recall(connection, edition_id=EDITION.edition_id, notice=[notice], at=AT)
    rows = {row.local_id: row.state for row in outbox.list_outbox(entered)}
    assert rows == {ROW.local_id: after, **({"recall-1": "waiting"} if has_notice else {})}


def test_a_decision_and_its_audit_stand_together(entered: Ledger) -> None:
    again = replace(ROW, local_id="register-1-again2")
    outbox.settle(
        entered,
        ROW.local_id,
        at=AT,
        who="A. Operator",
        event="sent again",
        says="why",
        enters=[again],
        state="withdrawn",
    )
    (told,) = audit.list_entries(entered, action="settle")
    assert (told.who, told.subject) == ("A. Operator", "register-1 sent again: why")
    assert [row.state for row in outbox.list_outbox(entered)] == ["withdrawn", "waiting"]


def test_the_same_thing_under_another_id_is_a_duplicate_and_its_like_is_not(ledger: Ledger) -> None:
    assert inbox.enter(ledger, CAME).state == "landed"
    again = replace(CAME, message_id="M2")
    assert inbox.first_of(ledger, again) == "M1"
    assert inbox.enter(ledger, again).state == "duplicate"
    for number, changes in enumerate(
        ({"sender": "X26C"}, {"workflow": "O"}, {"local_id": "h-2"}, {"sha256": "1" * 64})
    ):
        assert inbox.enter(ledger, replace(CAME, message_id=f"M{number + 3}", **changes)).state == "landed"
    with pytest.raises(IntegrityError):
        inbox.enter(ledger, CAME)


def test_only_what_was_set_apart_is_cleared(ledger: Ledger) -> None:
    inbox.enter(ledger, CAME)
    inbox.enter(ledger, replace(CAME, message_id="M2", state="set_apart"))
    for message_id in ("M1", "M2"):
        inbox.clear(ledger, message_id, at=AT, who="A. Operator", reason="dealt with")
    assert [one.state for one in inbox.list_inbox(ledger)] == ["landed", "cleared"]


def test_moments_of_a_mailbox_stand_beside_each_other(ledger: Ledger) -> None:
    assert outbox.shook_hands(ledger, "X26A") is None
    outbox.record_mailbox(ledger, "X26A", handshake_at=AT)
    outbox.record_mailbox(ledger, "X26A", looked_at=AT + timedelta(hours=1))
    assert outbox.shook_hands(ledger, "X26A") == AT


def test_a_server_lets_one_machine_use_a_mailbox(postgresql_ledger: Ledger) -> None:
    with outbox.sole_user(postgresql_ledger, "X26A"):
        with (
            pytest.raises(ChannelError, match="in use on another machine"),
            outbox.sole_user(postgresql_ledger, "X26A"),
        ):
            raise AssertionError("two at once")
        with outbox.sole_user(postgresql_ledger, "X26B"):
            pass
    with outbox.sole_user(postgresql_ledger, "X26A"):
        pass
