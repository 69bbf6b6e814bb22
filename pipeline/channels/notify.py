"""Notices on their way out: a line in a file, or an e-mail through a relay that speaks TLS.

What is handed in holds counts and ids only. Each way says `sent` or why not, in words of ours: what a relay answers may
quote an address. Nothing here raises for a way that failed: a notice must never stop a night.
"""

import fcntl
import json
import os
import smtplib
import ssl
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from pipeline.channels.mesh_secrets import read_secret
from pipeline.contracts.notify_plan import ToEmail
from pipeline.errors import UserError

SENT = "sent"


def write_line(path: Path, content: Mapping[str, Any]) -> str:
    """Add one line of JSON to the file, which is made where needed; one write, so that two processes do not mix."""
    line = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as handle:
            os.write(handle, line.encode("utf-8"))
    except OSError as error:
        return f"not written ({error.strerror or type(error).__name__})"
    return SENT


@dataclass(frozen=True)
class OldLines:
    """Lines of the file that are older than a day: how many, their bytes, and the oldest's day."""

    lines: int
    size: int
    oldest: date


def lines_before(path: Path, first: date) -> OldLines:
    """Notices written before this day; none of a file that is not there. A line without a moment is not counted."""
    old = [(day, line) for day, line in _days(path) if day is not None and day < first]
    oldest = min((day for day, _ in old), default=first)
    return OldLines(len(old), sum(len(line) for _, line in old), oldest)


def forget_lines(path: Path, first: date) -> None:
    """Write the file anew without them, whole or not at all; what is written meanwhile waits and is kept."""
    with _alone_in(path, os.O_RDONLY):
        kept = [line for day, line in _days(path) if day is None or day >= first]
        new = path.with_name(f".{path.name}.part")
        new.write_bytes(b"".join(kept))
        new.chmod(stat.S_IMODE(path.stat().st_mode))
        new.replace(path)


def _days(path: Path) -> Iterator[tuple[date | None, bytes]]:
    """Each line with the day it was written on; None for one that is not a notice of ours."""
    for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else ():
        try:
            yield datetime.fromisoformat(json.loads(line)["at"]).date(), line
        except (ValueError, KeyError, TypeError):
            yield None, line


@contextmanager
def _alone_in(path: Path, flags: int) -> Iterator[int]:
    """The file opened, and nobody else of ours in it: who waited for one that was replaced meanwhile opens the new."""
    while True:
        handle = os.open(path, flags, 0o640)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                yield handle
                return
        finally:
            os.close(handle)


def send_email(to: ToEmail, *, subject: str, lines: Sequence[str], at: datetime, message_id: str) -> str:
    """Hand one message to the relay; `message_id` names it, so that two of the same are seen to be one."""
    try:
        password = None if to.password_file is None else read_secret(to.password_file, of="The relay's password")
        message = _message(to, subject=subject, lines=lines, at=at, message_id=message_id)
        refused = _hand_over(to, message, password=password)
    except UserError as error:
        return f"not sent ({error.what.rstrip('.')}, {error.where})"
    except smtplib.SMTPResponseException as error:
        return f"not sent (the relay answered {error.smtp_code})"
    except ssl.SSLError as error:
        return f"not sent (TLS: {error.reason or type(error).__name__})"
    except (OSError, smtplib.SMTPException) as error:
        return f"not sent ({getattr(error, 'strerror', None) or type(error).__name__})"
    if refused:
        return f"not sent to {refused} of {len(to.recipients)} recipients: the relay refused them"
    return SENT


def _message(to: ToEmail, *, subject: str, lines: Sequence[str], at: datetime, message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, to.sender, ", ".join(to.recipients)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id}@{to.sender.partition('@')[2]}>"
    # So that no absence note comes back.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n")
    return message


def _hand_over(to: ToEmail, message: EmailMessage, *, password: str | None) -> int:
    """Number of recipients the relay refused, where it took the others."""
    trust = ssl.create_default_context(cafile=to.authority_file)
    # Named by the sender's domain: what this machine is called is nobody's business.
    name, seconds = to.sender.partition("@")[2], to.timeout_seconds
    relay: smtplib.SMTP
    if to.security == "tls":
        relay = smtplib.SMTP_SSL(to.host, to.port, local_hostname=name, timeout=seconds, context=trust)
    else:
        relay = smtplib.SMTP(to.host, to.port, local_hostname=name, timeout=seconds)
    with relay:
        if to.security == "starttls":
            relay.starttls(context=trust)
        if to.user is not None and password is not None:
            relay.login(to.user, password)
        try:
            return len(relay.send_message(message))
        except smtplib.SMTPRecipientsRefused as error:
            return len(error.recipients)
