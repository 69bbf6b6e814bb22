"""The real sandbox server on loopback: mutual TLS with certificates made here, mailboxes of our own, full checks.

It runs in an environment of its own (`make test-mesh` makes `.venv-mesh` from requirements-mesh-sandbox.lock), since it
pins libraries that ours cannot have.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mesh_client import Endpoint, MeshClient

from pipeline.contracts.settings import PROJECT

OURS, HOSPITAL, STRANGER = "X26RISK01", "X26HOSP01", "X26OTHER1"
PASSWORD, SHARED_KEY = "a-password-of-tests", "a-shared-key-of-tests"
PYTHON = Path(os.environ.get("RISKSTRAT_TEST_MESH_PYTHON", PROJECT / ".venv-mesh" / "bin" / "python"))


def practice_mailbox(code: str) -> str:
    return f"{code}MB1"


@dataclass(frozen=True)
class Sandbox:
    """A running server and all that is needed to talk to it."""

    url: str
    folder: Path
    port: int

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    def client(self, mailbox: str, *, url: str | None = None, **options: Any) -> MeshClient:
        """Another organisation's client."""
        pem = (str(self.pki / "client.pem"), str(self.pki / "client.key"))
        endpoint = Endpoint(url or self.url, str(self.pki / "ca.pem"), pem, True, False)
        return MeshClient(endpoint, mailbox, PASSWORD, shared_key=SHARED_KEY.encode(), timeout=20, **options)

    def mesh(self, *, url: str | None = None, **changes: object) -> dict[str, object]:
        """Our mailbox as a delivery plan names it."""
        named = {"password_file": "password", "shared_key_file": "shared-key", "certificate_file": "client.pem"}
        named |= {"private_key_file": "client.key", "authority_file": "ca.pem"}
        files = {name: str(self.pki / file) for name, file in named.items()}
        return {"url": url or self.url, "mailbox": OURS, "timeout_seconds": 20, "settle_seconds": 0, **files, **changes}

    def messages(self, mailbox: str) -> list[dict[str, Any]]:
        """Every message that ever came to a mailbox, collected ones too, as the server keeps them."""
        folder = self.folder / "messages" / mailbox / "in"
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []

    def admin(self, path: str, *, how: str = "post", **body: object) -> None:
        answer = requests.request(
            how, f"{self.url}/messageexchange/admin/{path}", json=body, timeout=20, verify=str(self.pki / "ca.pem"),
            cert=(str(self.pki / "client.pem"), str(self.pki / "client.key")),
        )  # fmt: skip
        answer.raise_for_status()


@contextmanager
def running(folder: Path, *, practices: Sequence[str]) -> Iterator[Sandbox]:
    """The server with our mailbox, a hospital's, a stranger's and one for each practice."""
    (folder / "config" / "data").mkdir(parents=True)
    (folder / "messages").mkdir()
    lines = [_mailbox(name) for name in (OURS, HOSPITAL, STRANGER, *map(practice_mailbox, practices))]
    (folder / "config" / "data" / "mailboxes.jsonl").write_text("\n".join(lines) + "\n")
    _certificates(folder / "pki")
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"], "SANDBOX_CONFIG_DIR": str(folder / "config"), "ENV": "local", "AUTH_MODE": "full",
        "STORE_MODE": "file", "SHARED_KEY": SHARED_KEY, "MAILBOXES_DATA_DIR": str(folder / "messages"),
    }  # fmt: skip
    pki = folder / "pki"
    command = [
        str(PYTHON), "-m", "uvicorn", "sandbox_app:app", "--app-dir", str(Path(__file__).parent), "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--log-level", "warning", "--no-access-log",
        "--ssl-keyfile", str(pki / "server.key"), "--ssl-certfile", str(pki / "server.pem"),
        "--ssl-ca-certs", str(pki / "ca.pem"), "--ssl-cert-reqs", "2",
    ]  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        sandbox = Sandbox(url=f"https://localhost:{port}", folder=folder, port=port)
        _wait_for(server, sandbox)
        yield sandbox
    finally:
        # It would wait for clients that keep their connection open.
        server.kill()
        server.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: "subprocess.Popen[bytes]", sandbox: Sandbox) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", sandbox.port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the sandbox did not start: {(sandbox.folder / 'server.log').read_text()[-2000:]}")


def _mailbox(name: str) -> str:
    return json.dumps(
        {"mailbox_id": name, "mailbox_name": name, "billing_entity": "England", "ods_code": name[:6],
         "org_code": name[:6], "password": PASSWORD}
    )  # fmt: skip


def _certificates(folder: Path) -> None:
    """An authority, a server for localhost and a client, valid for a day; and the mailbox's two secrets."""
    folder.mkdir(mode=0o700)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("tests", authority_key, "tests", authority_key, is_authority=True)
    _write(folder / "ca.pem", authority.public_bytes(serialization.Encoding.PEM))
    for name, common_name in (("server", "localhost"), ("client", "local_id.ods.api.mesh-client.nhs.uk")):
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(common_name, key, "tests", authority_key)
        _write(folder / f"{name}.pem", made.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(folder / f"{name}.key", private)
    _write(folder / "password", PASSWORD.encode() + b"\n")
    _write(folder / "shared-key", SHARED_KEY.encode() + b"\n")


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _certificate(name: str, key: Any, issuer: str, issuer_key: Any, *, is_authority: bool = False) -> x509.Certificate:
    now = datetime.now(UTC)
    named = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(named[0])
        .issuer_name(named[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )  # fmt: skip
    if name == "localhost":
        addresses = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
