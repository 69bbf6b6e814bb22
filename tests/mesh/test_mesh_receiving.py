"""Receiving against the real sandbox server: the compliance catalogue's cases, and what may go wrong in a mailbox."""

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import PRACTICES
from sandbox import HOSPITAL, OURS, STRANGER, Sandbox, practice_mailbox
from small_outbox import a_home, publish

from pipeline.channels.parcel import digest, packed
from pipeline.errors import ChannelError
from pipeline.ledger import inbox, outbox
from pipeline.ledger.deliveries import list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.exchange import collect as collecting
from pipeline.steps.exchange.collect import collect
from pipeline.steps.exchange.deliver import deliver
from pipeline.steps.exchange.settle import settle
from pipeline.steps.receive.receive import receive

pytestmark = pytest.mark.mesh
FIRST = PRACTICES[0]
EXTRACT, RETURNED = "RISK_EXTRACT", "RISK_RETURNED"
# Written like an NHS number of the range for invented people, as a sender might put it where it does not belong.
A_NUMBER = "999 000 0018"


def an_extract(words: str = "a", *, ending: str = ".csv") -> bytes:
    """A message's body: one file and its receipt."""
    data = f"PracticeCode,ObservationID\r\nF83000,{words}\r\n".encode()
    data = gzip.compress(data, mtime=0) if ending == ".csv.gz" else data
    receipt = {
        "schema": "receipt/1", "extract": "gp_event", "sender": "HOSP1", "kind": "regular", "rows": 1,
        "period_start": str(date(2026, 11, 1)), "period_end": str(date(2026, 11, 2)),
        "received_at": "2026-11-03T01:00:00Z", "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    name = f"gp_event{ending}"
    return packed({name: data, f"{name}.receipt.json": json.dumps(receipt).encode()})


def landed(context: Context) -> list[str]:
    folder = context.settings.home / "landing" / "HOSP1"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_401_402_an_extract_lands_whole_is_acknowledged_and_taken_in(
    context: Context, sandbox: Sandbox, compress: bool
) -> None:
    body = an_extract(ending=".csv.gz" if compress else ".csv")
    with sandbox.client(HOSPITAL, transparent_compress=compress) as hospital:
        message_id = hospital.send_message(OURS, body, workflow_id=EXTRACT, local_id="h-1")
        assert collect(context).counts["extracts"] == 1
        assert hospital.track_message(message_id)["status"] == "acknowledged"
    name = f"mesh-{digest(body)[:16]}{'.csv.gz' if compress else '.csv'}"
    assert landed(context) == [name, f"{name}.receipt.json"]
    receive(context)
    (delivery,) = list_deliveries(context.ledger)
    assert (delivery.state, delivery.delivery_id) == ("received", "gp_event.HOSP1.20261103T010000Z")
    assert collect(context).counts["extracts"] == 0


def test_502_a_message_in_parts_is_put_together(context: Context, sandbox: Sandbox) -> None:
    body = an_extract("x" * 300_000)
    with sandbox.client(HOSPITAL, max_chunk_size=100_000) as hospital:
        hospital.send_message(OURS, body, workflow_id=EXTRACT, local_id="h-1", checksum=f"SHA256 {digest(body)}")
    assert collect(context).counts["extracts"] == 1
    assert (context.settings.home / "landing" / "HOSP1" / landed(context)[0]).stat().st_size > 300_000


def test_601_600_waiting_messages_are_all_taken_in(context: Context, sandbox: Sandbox) -> None:
    with sandbox.client(HOSPITAL) as hospital:
        for number in range(600):
            hospital.send_message(OURS, an_extract(str(number)), workflow_id=EXTRACT, local_id=f"h-{number}")
    assert collect(context).counts["extracts"] == 600
    assert len(landed(context)) == 1200
    with sandbox.client(OURS) as ours:
        assert ours.list_messages() == []


def test_705_a_message_that_is_gone_holds_up_none_behind_it(
    context: Context, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed, and is gone when it is asked for: the next look does not list it."""
    with sandbox.client(HOSPITAL) as hospital:
        first = hospital.send_message(OURS, an_extract("1"), workflow_id=EXTRACT, local_id="h-1")
        second = hospital.send_message(OURS, an_extract("2"), workflow_id=EXTRACT, local_id="h-2")
    sandbox.admin(f"message/{first}/event", status="error", code="14", event="TRANSFER")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.channels.mesh.MeshTransport.waiting", lambda self: iter([first, second]))
        with pytest.raises(ChannelError, match="HTTP 410"):
            collect(context)
    assert len(landed(context)) == 2
    assert collect(context).counts["extracts"] == 0


def test_the_mailbox_is_looked_into_right_after_sending(context: Context, sandbox: Sandbox) -> None:
    publish(context, FIRST)
    with sandbox.client(HOSPITAL) as hospital:
        hospital.send_message(OURS, an_extract(), workflow_id=EXTRACT, local_id="h-1")
    counts = deliver(context).counts
    assert (counts["sent"], counts["extracts"]) == (1, 1)


def test_the_same_thing_sent_twice_lands_once(context: Context, sandbox: Sandbox) -> None:
    with sandbox.client(HOSPITAL) as hospital:
        for _ in range(2):
            hospital.send_message(OURS, an_extract(), workflow_id=EXTRACT, local_id="h-1")
    counts = collect(context).counts
    assert (counts["extracts"], counts["duplicates"]) == (1, 1)
    assert len(landed(context)) == 2


def test_a_message_not_acknowledged_after_it_was_entered_is_only_acknowledged(
    context: Context, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.client(HOSPITAL) as hospital:
        message_id = hospital.send_message(OURS, an_extract(), workflow_id=EXTRACT, local_id="h-1")
        with monkeypatch.context() as patch:
            patch.setattr("pipeline.channels.mesh.MeshTransport.acknowledge", _killed)
            with pytest.raises(KeyboardInterrupt):
                collect(context)
        assert hospital.track_message(message_id)["status"] == "accepted"
        assert collect(context).counts["extracts"] == 0
        assert hospital.track_message(message_id)["status"] == "acknowledged"


def _killed(*arguments: object) -> None:
    raise KeyboardInterrupt


UNFIT: dict[str, Callable[[bytes], tuple[bytes, dict[str, str], str]]] = {
    "a mailbox nobody named": lambda body: (body, {"sender": STRANGER}, "its mailbox is not one that sends us this"),
    "a workflow nobody named": lambda body: (body, {"workflow_id": "OTHER"}, "its workflow is none that we take in"),
    "another checksum": lambda body: (body, {"checksum": f"SHA256 {'0' * 64}"}, "not those its checksum names"),
    "no archive": lambda body: (b"PK and nothing more", {}, "no archive that can be opened"),
    "an archive cut off": lambda body: (body[:-30], {}, "no archive that can be opened"),
    "three files": lambda body: (packed({"a.csv": b"a", "b.csv": b"b", "a.csv.receipt.json": b"{}"}), {}, "3 files"),
    "no receipt": lambda body: (packed({"a.csv": b"a", "b.csv": b"b"}), {}, "it holds 2 files"),
    "another kind": lambda body: (
        packed({"../../a.exe": b"a", "a.csv.receipt.json": b"{}"}),
        {},
        "2 files",
    ),
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_does_not_fit_is_set_apart_and_acknowledged(context: Context, sandbox: Sandbox, what: str) -> None:
    body, changes, says = UNFIT[what](an_extract())
    named = {"workflow_id": EXTRACT, "local_id": "h-1", **changes}
    with sandbox.client(named.pop("sender", HOSPITAL)) as sender:
        message_id = sender.send_message(OURS, body, **named)
    assert collect(context).counts["set_apart"] == 1
    (message,) = inbox.list_inbox(context.ledger, state="set_apart")
    assert says in (message.reason or "")
    assert landed(context) == []
    kept = context.settings.home / "identified" / "messages" / "set_apart" / message_id
    assert kept.read_bytes() == body
    settle(context, name=message_id, verdict="drop", who="A. Operator", reason="the sender has been told")
    assert not kept.exists()
    assert inbox.list_inbox(context.ledger, state="set_apart") == []


def test_names_inside_an_archive_are_never_used(context: Context, sandbox: Sandbox) -> None:
    body = packed({"../../../evil.csv": b"a,b\r\n", "../../../evil.csv.receipt.json": b"{}"})
    with sandbox.client(HOSPITAL) as hospital:
        hospital.send_message(OURS, body, workflow_id=EXTRACT, local_id="h-1")
    collect(context)
    assert not list(context.settings.home.parent.rglob("evil*"))
    assert landed(context)[0] == f"mesh-{digest(body)[:16]}.csv"


def test_what_others_write_stands_nowhere_in_the_ledger(context: Context, sandbox: Sandbox) -> None:
    with sandbox.client(HOSPITAL) as hospital:
        hospital.send_message(
            OURS, an_extract(), workflow_id=EXTRACT, local_id=f"patient {A_NUMBER}", filename=f"{A_NUMBER}.zip",
            subject=f"about {A_NUMBER}",
        )  # fmt: skip
    collect(context)
    (message,) = inbox.list_inbox(context.ledger)
    assert "0018" not in repr(message)
    stored = b"".join(path.read_bytes() for path in context.settings.home.glob("ledger.db*"))
    assert A_NUMBER.encode() not in stored
    assert A_NUMBER.replace(" ", "").encode() not in stored


def test_a_returned_register_goes_to_its_practices_own_feedback(
    context: Context, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[dict[str, object]] = []
    monkeypatch.setattr(collecting, "feedback", lambda context, **given: read.append(given))
    with sandbox.client(practice_mailbox(FIRST)) as practice:
        practice.send_message(OURS, b"the workbook", workflow_id=RETURNED, local_id="p-1", filename="Our list.XLSX")
        practice.send_message(OURS, b"a picture", workflow_id=RETURNED, local_id="p-2", filename="Our list.png")
    counts = collect(context).counts
    assert (counts["returned_registers"], counts["read"], counts["set_apart"]) == (1, 1, 1)
    (given,) = read
    assert (given["content"], given["practice_code"]) == (b"the workbook", FIRST)
    (message,) = inbox.list_inbox(context.ledger, state="landed")
    assert given["received_at"] == message.came_at
    assert not [path for path in (context.settings.home / "identified" / "returned").rglob("*") if path.is_file()]


def test_a_practice_may_send_no_extract(context: Context, sandbox: Sandbox) -> None:
    with sandbox.client(practice_mailbox(FIRST)) as practice:
        practice.send_message(OURS, an_extract(), workflow_id=EXTRACT, local_id="p-1")
    assert collect(context).counts["set_apart"] == 1


def test_a_handshake_is_made_when_only_collecting(tmp_path: Path, plan: Callable[..., dict[str, object]]) -> None:
    context = a_home(tmp_path / "other", plan=plan())
    collect(context)
    assert outbox.shook_hands(context.ledger, OURS) is not None
