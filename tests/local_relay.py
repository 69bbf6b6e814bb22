"""A mail relay on this machine for tests: SMTP with STARTTLS or TLS from the start; it keeps what it is handed."""

import base64
import socketserver
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "riskstrat", "open sesame"


def a_certificate(folder: Path, *, name: str, last: datetime | None = None) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    until = last or datetime.now(UTC) + timedelta(days=30)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(until, datetime.now(UTC)) - timedelta(days=400))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@dataclass(frozen=True)
class Arrived:
    """One message as the relay took it."""

    user: str | None
    recipients: list[str]
    content: EmailMessage
    was_encrypted: bool


class Relay:
    """Runs in a thread from `with` on; `messages` is what arrived, `passwords` what it was told."""

    def __init__(self, certificate: Path, key: Path, *, from_the_start: bool = False, offers_tls: bool = True) -> None:
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.trust.load_cert_chain(certificate, key)
        self.from_the_start, self.offers_tls = from_the_start, offers_tls
        self.messages: list[Arrived] = []
        self.passwords: list[str] = []
        self.refuses: set[str] = set()
        relay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Talk(self.request, relay).talk()

        self.server = socketserver.ThreadingTCPServer(("localhost", 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])

    def __enter__(self) -> "Relay":
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; may be said twice."""
        self.server.shutdown()
        self.server.server_close()


class _Talk:
    """One connection."""

    def __init__(self, connection: Any, relay: Relay) -> None:
        self.relay, self.user, self.recipients = relay, None, list[str]()
        self.is_encrypted = False
        self.connection = connection
        if relay.from_the_start:
            self._encrypt()
        else:
            self.lines = self.connection.makefile("rb")

    def talk(self) -> None:
        """Answer until the other side goes away."""
        try:
            self._say("220 relay")
            while line := self.lines.readline():
                if not self._answer(line.decode().strip()):
                    return
        except OSError:
            return  # a client that does not trust us hangs up in the middle

    def _answer(self, line: str) -> bool:
        verb = line.upper().split(" ")[0].split(":")[0]
        if verb == "EHLO":
            offers = ["AUTH PLAIN"] if self.is_encrypted or not self.relay.offers_tls else ["STARTTLS"]
            self._say("\r\n".join(["250-relay", *(f"250 {one}" for one in offers)]))
        elif verb == "STARTTLS":
            self._say("220 go ahead")
            self._encrypt()
        elif verb == "AUTH":
            self._log_in(line)
        elif verb == "RCPT":
            self._recipient(line)
        elif verb == "DATA":
            self._take()
        elif verb == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _encrypt(self) -> None:
        self.connection = self.relay.trust.wrap_socket(self.connection, server_side=True)
        self.lines, self.is_encrypted = self.connection.makefile("rb"), True

    def _log_in(self, line: str) -> None:
        _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
        self.relay.passwords.append(password)
        if (user, password) != (USER, PASSWORD):
            self._say("535 wrong")
            return
        self.user = user
        self._say("235 welcome")

    def _recipient(self, line: str) -> None:
        address = line.partition("<")[2].partition(">")[0]
        if address in self.relay.refuses:
            self._say("550 nobody of that name")
            return
        self.recipients.append(address)
        self._say("250 ok")

    def _take(self) -> None:
        self._say("354 go on")
        held = []
        while (line := self.lines.readline()) not in (b".\r\n", b""):
            held.append(line[1:] if line.startswith(b"..") else line)
        content = message_from_bytes(b"".join(held), _class=EmailMessage, policy=policy.default)
        self.relay.messages.append(Arrived(self.user, self.recipients, content, self.is_encrypted))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.connection.sendall(f"{text}\r\n".encode())
