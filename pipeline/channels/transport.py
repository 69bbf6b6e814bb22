"""What carries parcels: the interface, what it may answer, and the ways in which it can fail.

All turns on telling "not sent" from "may have been sent": only what is known not to have left may be sent again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pipeline.errors import ChannelError

Where = Literal["absent", "there", "twice"]
Fate = Literal["under_way", "collected", "undelivered", "not_known"]


class Unreachable(ChannelError):
    """The carrier could not be reached or let us not in: nothing was sent, and nothing else will be for now."""


class NotAnswered(Unreachable):
    """The carrier is there and does not answer this question: it may take parcels all the same."""


class NotTaken(ChannelError):
    """The carrier answered and did not take this parcel: it was not sent, and as it is it never will be."""


class Unsure(ChannelError):
    """No answer came, or none that can be relied on: it may have been sent."""


@dataclass(frozen=True)
class Parcel:
    """One pack or notice for one recipient. `content` is the archive of the files, `sha256` its digest."""

    local_id: str
    recipient: str
    workflow: str
    file_name: str
    files: Mapping[str, bytes]
    content: bytes
    sha256: str
    # Whoever reads the folder takes packs out of it; of no meaning elsewhere.
    is_taken_out: bool = False


@dataclass(frozen=True)
class Found:
    """What the carrier says when it is asked for a local id; with its own id for the message where there is one."""

    where: Where
    message_id: str | None = None


@dataclass(frozen=True)
class Arrived:
    """A message that came, its body in a file. Of a report `reports_on` is the message, `code` what became of it."""

    message_id: str
    sender: str
    workflow: str
    local_id: str
    file_name: str
    sha256: str
    is_intact: bool
    is_report: bool = False
    reports_on: str | None = None
    reports_on_local_id: str | None = None
    code: str | None = None


class Transport(Protocol):
    """One way of sending. Every call ends within a time, and raises one of the errors above or ChannelError."""

    # Whether "absent" is the whole truth; where it is not, it counts only once a message known to be there was found.
    knows_for_certain: bool
    # How long after an answer was lost "absent" is not yet believed.
    settle_seconds: int

    def find(self, parcel: Parcel) -> Found:
        """Whether this very parcel was sent before. Raises Unreachable, or NotAnswered where it cannot be asked."""
        ...

    def send(self, parcel: Parcel) -> str:
        """Send it; the carrier's id for the message. Raises Unreachable, NotTaken or Unsure."""
        ...

    def fate(self, parcel: Parcel, *, message_id: str) -> Fate:
        """What became of a message that was sent."""
        ...


class Mailbox(Transport, Protocol):
    """A way of sending that messages come back by."""

    mailbox: str

    def handshake(self) -> None:
        """Prove that mailbox, secrets and certificate work."""
        ...

    def waiting(self) -> Iterator[str]:
        """Ids of messages that came and were not acknowledged, oldest first."""
        ...

    def fetch(self, message_id: str, *, into: Path, at_most: int) -> Arrived:
        """Put the body of a message into the file, which is made anew; what the message says of itself."""
        ...

    def acknowledge(self, message_id: str) -> None:
        """Say that we have it; the carrier then removes it. Saying so twice does no harm."""
        ...
