"""NHS MESH through mesh-client: our one mailbox, with mutual TLS, and every answer told as what it means for a parcel.

The client never sends the first part of a message twice, so an answer that is lost leaves it unknown whether the
message left. We then ask by local id. That question is deprecated in the live service, so its "not there" is believed
only when the same question finds a message known to be there (`deliver`). What the library says is never passed on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.channels.mesh_secrets import read_secret
from pipeline.channels.parcel import Unusable
from pipeline.channels.transport import Arrived, Fate, Found, NotAnswered, NotTaken, Parcel, Unreachable, Unsure
from pipeline.contracts.delivery_plan import Mesh
from pipeline.errors import ChannelError

# Larger ones would go in parts, and many a mailbox is read by hand, where parts cannot be put together.
LARGEST_BYTES = 75 * 2**20
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PIECE = 2**20
_RETRIES = 3
_LET_IN_NOT = (401, 403)
# How a question is refused that a service does not have, or has no more.
_NO_SUCH_QUESTION = (400, 405, 406, 410, 501)
_CHECK = "look whether network, certificate, password and shared key are in order: docs/runbooks/mesh.md"
_FATES: dict[str, Fate] = {
    "acknowledged": "collected",
    "undeliverable": "undelivered",
    "error": "undelivered",
    "accepted": "under_way",
    "uploading": "under_way",
}


class MeshTransport:
    """Our mailbox, for as long as the block that opened it lasts."""

    knows_for_certain = False

    def __init__(self, client: Any, *, mesh: Mesh) -> None:
        self._client = client
        self._mesh = mesh
        self.mailbox = mesh.mailbox
        self.settle_seconds = mesh.settle_seconds

    def handshake(self) -> None:
        with _asking("handshake", self.mailbox):
            self._client.handshake()

    def find(self, parcel: Parcel) -> Found:
        url = f"{self._client.mailbox_url}/outbox/tracking/{quote(parcel.local_id, safe='')}"
        with _asking("tracking by local id", parcel.local_id):
            # The client has no call for it (publicly); the session adds what authenticates us.
            answer = self._client._session.get(
                url, timeout=self._mesh.timeout_seconds, headers={"Accept": "application/json"}
            )
            if answer.status_code == 404:
                return Found("absent")
            if answer.status_code == 300:
                return Found("twice")
            if answer.status_code in _NO_SUCH_QUESTION:
                raise NotAnswered(
                    f"MESH does not say what became of a local id (HTTP {answer.status_code})",
                    where=parcel.local_id,
                    next_step="ask the recipient, then riskstrat settle",
                )
            answer.raise_for_status()
            told = answer.json()
            return Found("there", str(told.get("messageId") or told["message_id"]))

    def send(self, parcel: Parcel) -> str:
        if len(parcel.content) > LARGEST_BYTES:
            raise NotTaken("The pack is larger than one message may be", where=parcel.local_id)
        try:
            return str(
                self._client.send_message(
                    parcel.recipient,
                    parcel.content,
                    workflow_id=parcel.workflow,
                    filename=parcel.file_name,
                    local_id=parcel.local_id,
                    subject=parcel.file_name,
                    checksum=f"SHA256 {parcel.sha256}",
                    content_type="application/zip",
                )
            )
        except _library_errors() as error:
            told = _of_sending(error, parcel)
        # Raised outside the handler: the caught errors may quote what was sent.
        raise told

    def fate(self, parcel: Parcel, *, message_id: str) -> Fate:
        import requests

        try:
            with _asking("tracking", parcel.local_id):
                told = self._client.track_message(message_id)
        except ChannelError as error:
            cause = error.__cause__
            status = getattr(cause.response, "status_code", None) if isinstance(cause, requests.HTTPError) else None
            if status in (404, 410):
                return "not_known"
            raise
        return _FATES.get(str(told.get("status", "")).lower(), "not_known")

    def waiting(self) -> Iterator[str]:
        with _asking("inbox", self.mailbox):
            found = [str(message_id) for message_id in self._client.iterate_message_ids()]
        yield from found

    def fetch(self, message_id: str, *, into: Path, at_most: int) -> Arrived:
        import hashlib

        if MESSAGE_ID.fullmatch(message_id) is None:
            raise ChannelError("The service named a message in a way that is not used", where=self.mailbox)
        seen, written = hashlib.sha256(), 0
        with _asking("download", message_id):
            message = self._client.retrieve_message(message_id)
            with into.open("wb") as out:
                while piece := message.read(_PIECE):
                    seen.update(piece)
                    written += len(piece)
                    if written > at_most:
                        raise Unusable("it is larger than a delivery may be")
                    out.write(piece)
                out.flush()
                _sync(out.fileno())
            message.close()
        return _arrived(message, message_id, digest=seen.hexdigest())

    def acknowledge(self, message_id: str) -> None:
        with _asking("acknowledge", message_id):
            self._client.acknowledge_message(message_id)


@contextmanager
def open_mesh(mesh: Mesh) -> Iterator[MeshTransport]:
    """The mailbox of the plan; raises SettingsError when a secret cannot be read."""
    from mesh_client import MeshClient

    password, shared_key = (read_secret(path) for path in (mesh.password_file, mesh.shared_key_file))
    with MeshClient(
        mesh.url,
        mesh.mailbox,
        password,
        shared_key=shared_key.encode(),
        cert=(str(mesh.certificate_file), str(mesh.private_key_file)),
        verify=None if mesh.authority_file is None else str(mesh.authority_file),
        transparent_compress=True,
        max_chunk_size=2 * LARGEST_BYTES,
        max_retries=_RETRIES,
        timeout=mesh.timeout_seconds,
        application_name="riskstrat",
    ) as client:
        yield MeshTransport(client, mesh=mesh)


@contextmanager
def _asking(what: str, where: str) -> Iterator[None]:
    """Tell a library's error as one of ours: nothing here sends, so it can be asked again."""
    try:
        yield
    except _library_errors() as error:
        raise Unreachable(
            f"MESH did not answer ({_kind(error)})", where=f"{what}, {where}", next_step=_CHECK
        ) from error


def _library_errors() -> tuple[type[Exception], ...]:
    """What the client raises: its own, those of two libraries below it, and what an odd answer makes."""
    import requests
    from mesh_client import MeshError
    from urllib3.exceptions import HTTPError

    return (MeshError, requests.RequestException, HTTPError, KeyError, ValueError)


def _of_sending(error: Exception, parcel: Parcel) -> ChannelError:
    import requests
    from mesh_client import MeshError
    from urllib3 import exceptions as urllib3

    where, kind = parcel.local_id, _kind(error)
    if isinstance(error, MeshError):
        return NotTaken(f"MESH did not take the message ({_code(error)})", where=where, next_step=_CHECK)
    never_left = (urllib3.NewConnectionError, urllib3.ConnectTimeoutError, requests.ConnectTimeout)
    if isinstance(error, never_left) or any(isinstance(one, never_left) for one in _within(error)):
        return Unreachable(f"MESH cannot be reached ({kind})", where=where, next_step=_CHECK)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _LET_IN_NOT:
        return Unreachable(f"MESH does not let us in (HTTP {status})", where=where, next_step=_CHECK)
    # A broken connection may look like a fault of TLS, so that is no proof that nothing left.
    return Unsure(f"No answer came, so it may have been sent ({kind})", where=where, next_step="the next run asks MESH")


def _within(error: Exception) -> list[object]:
    """What a library wrapped: requests puts urllib3's error in args, that puts the first cause in `reason`."""
    found: list[object] = list(error.args)
    return found + [getattr(one, "reason", None) for one in found]


def _kind(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"HTTP {status}" if status is not None else type(error).__name__


def _code(error: Exception) -> str:
    """The service's own code, of at most a few signs: its sentence may quote what was sent."""
    details = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    first = next(iter(details.get("detail") or []), None) if isinstance(details.get("detail"), list) else None
    code = details.get("errorCode") or (first or {}).get("code") if isinstance(first, dict | None) else None
    return f"code {str(code)[:6]}" if code else "no code"


def _arrived(message: Any, message_id: str, *, digest: str) -> Arrived:
    stated = re.fullmatch(r"\s*SHA-?256\s+([0-9A-Fa-f]{64})\s*", message.checksum or "")
    is_report = (message.message_type or "").upper() == "REPORT"
    return Arrived(
        message_id=message_id,
        sender=message.sender or "",
        workflow=message.workflow_id or "",
        local_id=message.local_id or "",
        file_name=message.filename or "",
        sha256=digest,
        is_intact=stated is None or stated[1].lower() == digest,
        is_report=is_report,
        reports_on=message.mex_header("linkedmsgid") if is_report else None,
        reports_on_local_id=message.local_id if is_report else None,
        code=str(message.mex_header("statuscode") or "")[:6] if is_report else None,
    )


def _sync(handle: int) -> None:
    import os

    os.fsync(handle)
