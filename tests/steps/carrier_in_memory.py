"""A carrier in memory for tests of delivering: it fails where it is told to. And a home that sends by it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from small_outbox import a_home

from pipeline.channels.transport import Fate, Found, NotAnswered, NotTaken, Parcel, Unreachable, Unsure
from pipeline.ledger import outbox
from pipeline.steps.at_hand.context import Context

ONE, TWO = "F83001", "F83002"
FRIDAY_NOON = datetime(2026, 12, 18, 12, tzinfo=UTC)


class Carrier:
    """A carrier in memory: fails with what it is told to fail with, and counts what reached it."""

    knows_for_certain = False
    mailbox = "X26TEST01"

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}
        self.fails_with: list[Exception | None] = []
        self.can_find = self.takes_questions = True
        self.settle_seconds = 0

    def find(self, parcel: Parcel) -> Found:
        if not self.takes_questions:
            raise NotAnswered("The carrier does not say what became of a local id", where=parcel.local_id)
        ids = self.kept.get(parcel.local_id, []) if self.can_find else []
        return Found("there", ids[0]) if len(ids) == 1 else Found("twice" if ids else "absent")

    def send(self, parcel: Parcel) -> str:
        failure = self.fails_with.pop(0) if self.fails_with else None
        if isinstance(failure, NotTaken | Unreachable):
            raise failure
        ids = self.kept.setdefault(parcel.local_id, [])
        ids.append(f"{parcel.local_id}-{len(ids)}")
        if failure is not None:
            raise failure
        return ids[-1]

    def fate(self, parcel: Parcel, *, message_id: str) -> Fate:
        return "under_way"

    def handshake(self) -> None: ...

    def waiting(self) -> Iterator[str]:
        return iter(())


def home_by_mesh(folder: Path) -> Context:
    """A home whose plan sends to two practices by MESH."""
    secret = folder / "secret"
    secret.touch(mode=0o600)
    files = dict.fromkeys(("password_file", "shared_key_file", "certificate_file", "private_key_file"), str(secret))
    since = date(2026, 1, 1)
    recipients = [{"code": code, "way": "mesh", "mailbox": f"{code}MB", "valid_from": since} for code in (ONE, TWO)]
    plan = {"mesh": {"url": "https://localhost", "mailbox": "X26TEST01", **files}, "recipients": recipients}
    return a_home(folder / "home", plan=plan, now=FRIDAY_NOON)


def lost() -> Unsure:
    return Unsure("No answer came")


def mark_sending(context: Context, local_id: str) -> None:
    """As a kill leaves a row whose parcel was handed over, or was about to be."""
    outbox.move(
        context.ledger, local_id, at=context.now(), event="sending", state="sending", sending_at=context.now(),
        message_id=None,
    )  # fmt: skip
