"""What leaves the home, what comes back, and what it stands on: each alert is raised, and its page is run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from answering import NIGHT as ANSWERED
from answering import STAMP, register, send
from carrier_in_memory import Carrier
from local_relay import a_certificate
from planted_alerts import MORNING, NIGHT, own_bounds, unsent
from returned_files import as_csv
from runbook_pages import Operator
from small_outbox import NIGHT as SENT
from small_outbox import a_home, publish, to_folders
from test_run import write_policy

from pipeline.channels.transport import Arrived
from pipeline.contracts.receipt import RefusedByRule
from pipeline.ledger import outbox
from pipeline.steps.at_hand.context import Context
from pipeline.steps.exchange import deliver as delivering

pytestmark = pytest.mark.acceptance
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture
def operator(quiet: Context, work: Path) -> Operator:
    """On the morning after a quiet night."""
    return Operator(quiet.settings.home, work, MORNING, NIGHT)


def test_a_disk_that_is_nearly_full(quiet: Context, operator: Operator) -> None:
    """Nothing in so young a home is past its time: somebody must give it more room."""
    own_bounds(quiet, disk_free_least_pct=100)
    operator.runs_page("disk-nearly-full", waits=["disk_nearly_full"])


def test_a_certificate_that_ends(quiet: Context, operator: Operator, tmp_path: Path) -> None:
    old, _ = a_certificate(operator.work, name="mesh-client", last=MORNING + timedelta(days=3))
    plan = {"host": "localhost", "sender": "a@example.org", "recipients": ["b@example.org"], "least": "stopped"}
    content = {"notify": "test", "version": 1, "file": {}, "email": plan | {"authority_file": str(old)}}
    quiet.settings.notify_file.write_text(yaml.safe_dump(content))
    delivering = {"delivery": "test", "version": 1, **to_folders(tmp_path / "out", ["F83671"])}
    quiet.settings.delivery_file.write_text(yaml.safe_dump(delivering))

    def renewed() -> None:
        a_certificate(operator.work, name="mesh-client", last=MORNING + timedelta(days=365))

    operator.runs_page("certificates", alerts=["certificate_ends_soon"], by_hand={"riskstrat deliver": renewed})


def test_a_notice_that_did_not_go_out(quiet: Context, operator: Operator) -> None:
    unsent(quiet)
    operator.runs_page(
        "notices-unsent", alerts=["notice_unsent"], by_hand={"riskstrat notify": quiet.settings.notify_file.unlink}
    )


def test_a_file_sent_back_that_was_refused(answering: Context, work: Path) -> None:
    with pytest.raises(RefusedByRule):
        send(answering, b"nothing of a register", name="back.doc", at=STAMP)
    (work / "back.csv").write_bytes(as_csv(register(answering, status="accepted")))
    operator = Operator(answering.settings.home, work, STAMP + timedelta(hours=2), ANSWERED)
    operator.runs_page("feedback-refused", alerts=["feedback_refused"])


def test_a_pack_that_nobody_collects(tmp_path: Path, work: Path) -> None:
    share = tmp_path / "out" / "F83671"
    plan = to_folders(tmp_path / "out", ["F83671"], is_emptied=True)
    context = a_home(tmp_path / "home", plan=plan, now=MONDAY)
    write_policy(context.settings, lambda policy: None)
    publish(context, "F83671")
    delivering.deliver(context)

    def empties() -> None:
        """The practice, once it was rung."""
        for pack in share.iterdir():
            shutil.rmtree(pack)

    operator = Operator(context.settings.home, work, datetime(2026, 11, 21, 9, tzinfo=UTC), SENT)
    operator.runs_page(
        "mesh",
        alerts=["not_collected"],
        part="A pack has not been collected",
        by_hand={"riskstrat deliver": empties},
    )


class Box(Carrier):
    """A mailbox in memory that cannot be asked what it has, and to which messages come."""

    def __init__(self) -> None:
        super().__init__()
        self.can_find = False
        self.came: list[str] = []

    def waiting(self) -> Iterator[str]:
        return iter(list(self.came))

    def fetch(self, message_id: str, *, into: Path, at_most: int) -> Arrived:
        into.write_bytes(b"nobody announced this")
        return Arrived(message_id, "X26NOBODY", "RISK_EXTRACT", "a", "a.zip", "0" * 64, is_intact=True)

    def acknowledge(self, message_id: str) -> None:
        self.came.remove(message_id)


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Box:
    made = Box()

    @contextmanager
    def opening(mesh: object) -> Iterator[Box]:
        yield made

    monkeypatch.setattr(delivering, "open_mesh", opening)
    return made


@pytest.fixture
def by_mesh(tmp_path: Path, box: Box) -> Context:
    """A home that sends and receives by that mailbox."""
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    files = dict.fromkeys(("password_file", "shared_key_file", "certificate_file", "private_key_file"), str(secret))
    recipients = [
        {"code": code, "way": "mesh", "mailbox": f"{code}MB", "valid_from": date(2026, 1, 1)}
        for code in ("F83671", "F83039")
    ]
    plan = {"mesh": {"url": "https://mesh.example.org", "mailbox": box.mailbox, **files}, "recipients": recipients}
    context = a_home(tmp_path / "home", plan=plan, now=MONDAY)
    write_policy(context.settings, lambda policy: None)
    return context


def test_packs_of_which_nobody_knows_whether_they_left(by_mesh: Context, box: Box, work: Path) -> None:
    """Two answers were lost; one practice has its pack, the other has not and is sent it under the same name."""
    rows = [publish(by_mesh, code)[0] for code in ("F83671", "F83039")]
    for row in rows:
        outbox.move(
            by_mesh.ledger, row.local_id, at=MONDAY, event="sending", state="sending", sending_at=MONDAY, attempts=1
        )  # fmt: skip
    operator = Operator(by_mesh.settings.home, work, MONDAY + timedelta(hours=1), SENT)
    operator.runs_page(
        "mesh",
        alerts=["message_unsent"],
        part="A pack has not reached its practice",
        examples={
            f"register-practice-{row.code}-20261122-r1-1e2a3dd6": row.local_id for row in rows
        },
    )  # fmt: skip
    assert list(box.kept) == [rows[1].local_id]


def test_a_message_that_nobody_announced(by_mesh: Context, box: Box, work: Path) -> None:
    box.came.append("M1")
    delivering.deliver(by_mesh)
    operator = Operator(by_mesh.settings.home, work, MONDAY, SENT)
    operator.runs_page(
        "mesh",
        alerts=["message_set_apart"],
        part="A message was set apart",
        examples={"20261122101112000000_1A2B3C": "M1"},
    )
    assert list((by_mesh.settings.home / "identified" / "messages" / "set_apart").iterdir()) == []


def test_a_mailbox_that_has_not_shaken_hands(by_mesh: Context, work: Path) -> None:
    operator = Operator(by_mesh.settings.home, work, MONDAY, SENT)
    operator.runs_page("mesh", alerts=["no_handshake"], part="No answer, no handshake")
