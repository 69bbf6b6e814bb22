"""Notices leave: a line in a file, and an e-mail handed to a real relay on this machine over TLS."""

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from local_relay import PASSWORD, USER, Relay, a_certificate

from pipeline.channels.notify import SENT, forget_lines, lines_before, send_email, write_line
from pipeline.contracts.notify_plan import ToEmail

AT = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of a relay called localhost."""
    return a_certificate(tmp_path_factory.mktemp("relay"), name="localhost")


@pytest.fixture
def relay(certificate: tuple[Path, Path]) -> Iterator[Relay]:
    with Relay(*certificate) as running:
        yield running


@pytest.fixture
def to(relay: Relay, certificate: tuple[Path, Path], tmp_path: Path) -> ToEmail:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    secret.chmod(0o600)
    return ToEmail(
        host="localhost", port=relay.port, user=USER, password_file=secret, authority_file=certificate[0],
        sender="riskstrat@example.org", recipients=("night@example.org", "data@example.org"), timeout_seconds=5,
    )  # fmt: skip


def sent(to: ToEmail, **changes: object) -> str:
    return send_email(
        to.model_copy(update=changes), subject="Risk registers, night of 2026-11-22: 1 stopped",
        lines=["Night of 2026-11-22: 1 stopped.", "", "- STOPPED: …"], at=AT, message_id="0123456789abcdef",
    )  # fmt: skip


def test_one_message_arrives_whole_over_tls(to: ToEmail, relay: Relay) -> None:
    assert sent(to) == SENT
    (message,) = relay.messages
    assert message.was_encrypted and message.user == USER
    assert message.recipients == ["night@example.org", "data@example.org"]
    told = message.content
    assert told["Subject"] == "Risk registers, night of 2026-11-22: 1 stopped"
    assert (told["From"], told["Message-ID"]) == ("riskstrat@example.org", "<0123456789abcdef@example.org>")
    assert told["Auto-Submitted"] == "auto-generated"
    assert told.get_content().splitlines() == ["Night of 2026-11-22: 1 stopped.", "", "- STOPPED: …"]


def test_tls_from_the_start(certificate: tuple[Path, Path], to: ToEmail) -> None:
    with Relay(*certificate, from_the_start=True) as relay:
        assert sent(to, port=relay.port, security="tls") == SENT
        assert relay.messages[0].was_encrypted


def test_a_relay_that_offers_no_tls_gets_nothing(certificate: tuple[Path, Path], to: ToEmail) -> None:
    with Relay(*certificate, offers_tls=False) as relay:
        assert sent(to, port=relay.port).startswith("not sent")
        assert relay.messages == [] and relay.passwords == []


def test_a_relay_nobody_vouches_for_gets_nothing(to: ToEmail, relay: Relay) -> None:
    assert sent(to, authority_file=None).startswith("not sent (TLS: ")
    assert relay.messages == [] and relay.passwords == []


def test_another_name_than_the_certificates_is_refused(to: ToEmail, relay: Relay) -> None:
    assert sent(to, host="127.0.0.1").startswith("not sent (TLS: ")
    assert relay.messages == []


def test_a_wrong_password_is_told_by_its_number_alone(to: ToEmail, relay: Relay, tmp_path: Path) -> None:
    assert to.password_file is not None
    to.password_file.write_text("another")
    assert sent(to) == "not sent (the relay answered 535)"
    assert relay.messages == []


def test_a_password_that_others_can_read_is_not_used(to: ToEmail, relay: Relay) -> None:
    assert to.password_file is not None
    to.password_file.chmod(0o644)
    told = sent(to)
    assert told == (
        "not sent (The relay's password can be read or written by others than its owner and group, password)"
    )
    assert PASSWORD not in told and relay.messages == []


def test_recipients_that_are_refused_are_counted(to: ToEmail, relay: Relay) -> None:
    relay.refuses = {"data@example.org"}
    assert sent(to) == "not sent to 1 of 2 recipients: the relay refused them"
    assert relay.messages[0].recipients == ["night@example.org"]
    relay.refuses = {"data@example.org", "night@example.org"}
    assert sent(to) == "not sent to 2 of 2 recipients: the relay refused them"


def test_no_relay_there(to: ToEmail, relay: Relay) -> None:
    relay.close()
    assert sent(to) == "not sent (Connection refused)"


def test_lines_are_added_to_a_file_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "notices.jsonl"
    assert [write_line(path, {"at": "1"}), write_line(path, {"at": "2"})] == [SENT, SENT]
    assert [json.loads(line)["at"] for line in path.read_text().splitlines()] == ["1", "2"]
    assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO


def test_no_line_is_lost_that_is_written_while_older_ones_are_forgotten(tmp_path: Path) -> None:
    path, new = tmp_path / "notices.jsonl", [f"2026-11-23T00:00:{number:02}" for number in range(50)]
    write_line(path, {"at": "2025-01-01T00:00:00"})

    def write(mine: int) -> list[str]:
        return [write_line(path, {"at": at, "by": mine}) for at in new]

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, mine) for mine in range(4)]
        while not all(one.done() for one in writing):
            forget_lines(path, date(2026, 1, 1))
    assert all(set(one.result()) == {SENT} for one in writing)
    forget_lines(path, date(2026, 1, 1))
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((one["by"], one["at"]) for one in written) == [(mine, at) for mine in range(4) for at in new]
    assert lines_before(path, date(2026, 1, 1)).lines == 0 and lines_before(path, date(2026, 12, 1)).lines == 200


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    assert write_line(tmp_path / "logs" / "notices.jsonl", {}).startswith("not written (")
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
