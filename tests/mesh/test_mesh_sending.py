"""Sending against the real sandbox server: the compliance catalogue's cases that can be run, and what they rest on.

Numbers in names are those of NHS England's catalogue of compliance cases for MESH API clients.
"""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PRACTICES
from sandbox import OURS, Sandbox, practice_mailbox
from small_outbox import a_home, opened, publish, states

from pipeline.channels.mesh_secrets import sole_user
from pipeline.channels.parcel import digest
from pipeline.errors import ChannelError, SettingsError
from pipeline.ledger import outbox
from pipeline.ledger.connect import writing
from pipeline.steps.at_hand.context import Context
from pipeline.steps.exchange.deliver import deliver
from pipeline.steps.exchange.settle import settle

pytestmark = pytest.mark.mesh
FIRST = PRACTICES[0]


def test_201_202_a_pack_arrives_as_it_was_published(context: Context, sandbox: Sandbox) -> None:
    (row,) = publish(context, FIRST)
    assert deliver(context).counts["sent"] == 1
    with sandbox.client(practice_mailbox(FIRST)) as practice:
        (message_id,) = practice.list_messages()
        message = practice.retrieve_message(message_id)
        content = message.read()
        assert digest(content) == row.sha256
        assert message.checksum == f"SHA256 {row.sha256}"
        assert sorted(zipfile.ZipFile(io.BytesIO(content)).namelist()) == [f"RISKREG_{FIRST}.csv", "manifest.json"]
        message.acknowledge()
    assert deliver(context).counts["collected"] == 1
    events = [one.event for one in outbox.events(context.ledger, local_id=row.local_id)]
    assert events == ["entered", "sending", "sent", "collected"]


def test_802_what_the_headers_say_and_that_none_of_it_is_personal(context: Context, sandbox: Sandbox) -> None:
    (row,) = publish(context, FIRST)
    deliver(context)
    (kept,) = sandbox.messages(practice_mailbox(FIRST))
    told = kept["metadata"]
    assert row.local_id == f"register-practice-{FIRST}-20261115-r1-0123abcd"
    assert (told["local_id"], told["file_name"]) == (row.local_id, f"RISKREG_{FIRST}_20261115_r1_0123abcd.zip")
    assert (kept["workflow_id"], told["subject"]) == ("RISK_REGISTER", told["file_name"])
    assert ":" not in row.local_id + told["subject"]
    assert told["content_encoding"] == "gzip"


def test_a_second_delivery_sends_nothing_twice(context: Context, sandbox: Sandbox) -> None:
    for code in PRACTICES[:5]:
        publish(context, code)
    assert deliver(context).counts["sent"] == 5
    assert deliver(context).counts["sent"] == 0
    assert [len(sandbox.messages(practice_mailbox(code))) for code in PRACTICES[:5]] == [1] * 5


def test_a_ledger_restored_from_before_the_sending_sends_nothing_twice(context: Context, sandbox: Sandbox) -> None:
    (row,) = publish(context, FIRST)
    deliver(context)
    outbox.move(
        context.ledger, row.local_id, at=context.now(), event="restored", state="waiting", message_id=None, sent_at=None
    )
    assert deliver(context).counts["found"] == 1
    assert len(sandbox.messages(practice_mailbox(FIRST))) == 1


def test_an_unknown_one_is_sent_only_once_absence_is_proved(context: Context, sandbox: Sandbox) -> None:
    """Killed between the mark and the sending. Nothing has ever been found, so that nothing is found proves nothing."""
    (row,) = publish(context, FIRST)
    outbox.move(
        context.ledger, row.local_id, at=context.now(), event="sending", state="sending", sending_at=context.now()
    )
    assert deliver(context).counts["unknown"] == 1
    assert sandbox.messages(practice_mailbox(FIRST)) == []
    publish(context, PRACTICES[1])
    assert deliver(context).counts["sent"] == 1  # the other: from now on the question is known to find something
    assert deliver(context).counts["sent"] == 1
    assert len(sandbox.messages(practice_mailbox(FIRST))) == 1


def test_absence_is_not_believed_too_early(
    tmp_path: Path, plan: Callable[..., dict[str, object]], sandbox: Sandbox
) -> None:
    context = a_home(tmp_path / "home", plan=plan(settle_seconds=3600))
    publish(context, PRACTICES[1])
    deliver(context)
    (row,) = publish(context, FIRST)
    outbox.move(
        context.ledger, row.local_id, at=context.now(), event="sending", state="sending", sending_at=context.now()
    )
    assert deliver(context).counts["unknown"] == 1
    assert sandbox.messages(practice_mailbox(FIRST)) == []


def test_an_unknown_one_that_left_is_found(context: Context, sandbox: Sandbox) -> None:
    """Killed between the sending and the mark."""
    (row,) = publish(context, FIRST)
    deliver(context)
    with writing(context.ledger) as connection:
        outbox.move_within(
            connection, row.local_id, at=context.now(), event="as a kill leaves it", state="sending", message_id=None
        )
    assert deliver(context).counts["found"] == 1
    assert states(context) == {row.local_id: "sent"}
    assert len(sandbox.messages(practice_mailbox(FIRST))) == 1


@pytest.mark.parametrize("file", ["password", "shared_key"])
def test_701_a_wrong_secret_sends_nothing_and_says_where_to_look(
    tmp_path: Path, plan: Callable[..., dict[str, object]], file: str, sandbox: Sandbox
) -> None:
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not-the-secret")
    context = a_home(tmp_path / "home", plan=plan(**{f"{file}_file": str(wrong)}))
    publish(context, FIRST)
    with pytest.raises(ChannelError, match="HTTP 403") as caught:
        deliver(context)
    assert "not-the-secret" not in str(caught.value)
    assert set(states(context).values()) == {"waiting"}
    assert sandbox.messages(practice_mailbox(FIRST)) == []


def test_a_secret_others_can_read_is_not_used(tmp_path: Path, plan: Callable[..., dict[str, object]]) -> None:
    known = tmp_path / "known"
    known.write_text("a-password-of-tests")
    known.chmod(0o644)
    context = a_home(tmp_path / "home", plan=plan(shared_key_file=str(known)))
    with pytest.raises((ChannelError, SettingsError), match="read or written by others"):
        deliver(context)


def test_702_a_mailbox_nobody_has_is_refused_once_and_the_others_are_served(
    tmp_path: Path, plan: Callable[..., dict[str, object]], sandbox: Sandbox
) -> None:
    context = a_home(tmp_path / "home", plan=plan())
    file = context.settings.delivery_file
    file.write_text(file.read_text().replace(f"mailbox: {practice_mailbox(FIRST)}", "mailbox: NOSUCHBOX1"))
    (row,) = publish(context, FIRST)
    publish(context, PRACTICES[1])
    with pytest.raises(ChannelError, match=r"did not take the message \(code 12\)"):
        deliver(context)
    assert states(context)[row.local_id] == "refused"
    assert len(sandbox.messages(practice_mailbox(PRACTICES[1]))) == 1
    assert deliver(context).counts["sent"] == 0
    # Put right in the plan, and sent anew by a person's word.
    a_home(tmp_path / "home", plan=plan())
    again = opened(context.settings)
    settle(again, name=row.local_id, verdict="again", who="A. Operator", reason="the mailbox was mistyped")
    assert deliver(again).counts["sent"] == 1
    (kept,) = sandbox.messages(practice_mailbox(FIRST))
    assert kept["metadata"]["local_id"] == f"{row.local_id}-again2"


def test_703_803_what_nobody_collected_is_told_and_never_sent_again(context: Context, sandbox: Sandbox) -> None:
    (row,) = publish(context, FIRST)
    deliver(context)
    (sent,) = outbox.list_outbox(context.ledger)
    sandbox.admin(
        "report", mailbox_id=OURS, code="14", description="not collected", workflow_id="RISK_REGISTER",
        status="undeliverable", local_id=row.local_id, linked_message_id=sent.message_id,
    )  # fmt: skip
    counts = deliver(context).counts
    assert (counts["reports"], counts["sent"]) == (1, 0)
    (after,) = outbox.list_outbox(context.ledger)
    assert (after.state, after.reason) == ("undelivered", "it was not collected and was removed (code 14)")
    assert deliver(context).counts["sent"] == 0
    assert len(sandbox.messages(practice_mailbox(FIRST))) == 1


def test_tracking_tells_of_a_failure_without_a_report(context: Context, sandbox: Sandbox) -> None:
    (row,) = publish(context, FIRST)
    deliver(context)
    (sent,) = outbox.list_outbox(context.ledger)
    sandbox.admin(f"message/{sent.message_id}/event", status="undeliverable", code="14", event="TRANSFER")
    assert deliver(context).counts["undelivered"] == 1
    assert states(context)[row.local_id] == "undelivered"


def test_704_a_message_the_service_forgot_stays_as_it_was(context: Context) -> None:
    (row,) = publish(context, FIRST)
    deliver(context)
    outbox.move(context.ledger, row.local_id, at=context.now(), event="planted", message_id="NOSUCHMESSAGE")
    assert deliver(context).counts["collected"] == 0
    assert states(context)[row.local_id] == "sent"


def test_801_one_process_a_mailbox(context: Context, sandbox: Sandbox) -> None:
    publish(context, FIRST)
    with sole_user(sandbox.pki / "password", mailbox=OURS), pytest.raises(ChannelError, match="in use by another"):
        deliver(context)
    assert set(states(context).values()) == {"waiting"}
    assert deliver(context).counts["sent"] == 1


def test_a_handshake_comes_first_and_once_in_half_a_day(context: Context) -> None:
    deliver(context)
    first = outbox.shook_hands(context.ledger, OURS)
    deliver(context)
    assert first is not None
    assert outbox.shook_hands(context.ledger, OURS) == first


def test_a_server_that_is_away_leaves_everything_waiting(
    tmp_path: Path, plan: Callable[..., dict[str, object]]
) -> None:
    from sandbox import free_port

    context = a_home(tmp_path / "home", plan=plan(url=f"https://localhost:{free_port()}"))
    publish(context, FIRST)
    with pytest.raises(ChannelError, match="MESH did not answer"):
        deliver(context)
    assert set(states(context).values()) == {"waiting"}
