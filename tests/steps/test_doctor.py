"""Doctor: each thing a night needs is missed once, and named with what to do; nothing is changed by looking."""

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from told_night import Night, published_night

from pipeline.contracts.settings import Settings, read_settings
from pipeline.ledger import outbox
from pipeline.ledger.connect import open_ledger
from pipeline.steps.at_hand.context import ROTATING
from pipeline.steps.run.run import MODEL
from pipeline.steps.tell import doctor_home
from pipeline.steps.tell.doctor import Found, doctor, told
from pipeline.store import layout
from pipeline.store.vault import open_vault

NOW = "2026-11-16T09:00:00+00:00"
DAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A home in order, but that its policy is said to be of real people: nothing is amiss in it."""
    night = published_night(tmp_path_factory.mktemp("doctor") / "home")
    home = night.context.settings.home
    folder = layout.models(home, MODEL) / "model"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    open_vault(night.context.settings.vault_url, keys=night.context.keys).close()
    home.chmod(0o700)
    policy = yaml.safe_load(night.context.settings.policy_file.read_text()) | {"fictitious": False}
    night.context.settings.policy_file.write_text(yaml.safe_dump(policy))
    night.context.ledger.engine.dispose()
    return night


@pytest.fixture
def settings(made: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy, to be spoilt; the clock stands where the test's night ended, and says so in no line of its own."""
    shutil.copytree(made.context.settings.home, tmp_path / "home")
    monkeypatch.setattr("pipeline.clock.now", lambda: datetime.fromisoformat(NOW))
    monkeypatch.setattr(doctor_home, "LEEWAY", timedelta(days=40_000))  # stamps of the tests' machine are later
    return read_settings({"RISKSTRAT_HOME": str(tmp_path / "home")})


def said(found: Found, level: str) -> str:
    return "\n".join(f"{one.about}: {one.says}. {one.next_step}" for one in found.lines if one.level == level)


def digests(home: Path) -> dict[str, str]:
    files = [path for path in home.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_home_in_order_is_well_and_looking_changes_nothing(settings: Settings) -> None:
    before = digests(settings.home)
    found = doctor(settings)
    assert (found.exit_code, {one.level for one in found.lines}) == (0, {"ok"}), told(found)
    assert {one.about for one in found.lines} == {
        "clock", "keys", "ledger", "vault", "permissions", "disk", "model", "approvals", "opt-out check", "delivery",
    }  # fmt: skip
    assert told(found)[-1] == "Fit for the next night."
    assert digests(settings.home) == before


def no_key(settings: Settings) -> None:
    (settings.keys_folder / "person.key.json").unlink()


def open_key(settings: Settings) -> None:
    (settings.keys_folder / "person.key.json").chmod(0o444)


def other_keys(settings: Settings) -> None:
    from pipeline.ledger import audit

    at, subject = datetime(2026, 11, 16, tzinfo=UTC), "person=00000000"
    ledger = open_ledger(settings.ledger_url, anchor=settings.audit_anchor)
    audit.append(ledger, at=at, who="a", action="create_keys", run_key=None, subject=subject, counts={})
    ledger.engine.dispose()


def changed_policy(change: Callable[[dict[str, Any]], object]) -> Callable[[Settings], None]:
    def do(settings: Settings) -> None:
        policy = yaml.safe_load(settings.policy_file.read_text())
        change(policy)
        settings.policy_file.write_text(yaml.safe_dump(policy))

    return do


def gp_ended(policy: dict[str, Any]) -> None:
    for one in policy["sources"]:
        if one["source"] == "gp":
            one["valid_to"] = DAY - timedelta(days=1)


def practice_ends(policy: dict[str, Any]) -> None:
    policy["practices"][0]["valid_to"] = DAY + timedelta(days=20)


def plan(settings: Settings, content: dict[str, Any]) -> None:
    settings.delivery_file.write_text(yaml.safe_dump({"delivery": "a test's", "version": 1, **content}))


def lost_folder(settings: Settings) -> None:
    folder = {"code": "F83671", "way": "folder", "folder": str(settings.home / "gone"), "valid_from": date(2026, 1, 1)}
    plan(settings, {"recipients": [folder]})


def fictitious(policy: dict[str, Any]) -> None:
    policy["fictitious"] = True


SPOILT: dict[str, tuple[Callable[[Settings], object], str, str]] = {
    "key gone": (no_key, "fail", "no keys for: person"),
    "key readable": (open_key, "fail", "person.key.json. chmod 700"),
    "keys of another home": (other_keys, "fail", "not those this home is under"),
    "rotation stopped": (lambda s: (s.home / ROTATING).touch(), "fail", "rotation of the keys has not come to its end"),
    "ledger gone": (lambda s: (s.home / "ledger.db").unlink(), "fail", "ledger.db does not answer (no such file)"),
    "vault gone": (lambda s: (s.home / "vault" / "vault.db").unlink(), "fail", "vault.db does not answer"),
    "home open": (lambda s: s.home.chmod(0o755), "warn", "every account of this machine may enter"),
    "model gone": (lambda s: shutil.rmtree(layout.models(s.home, MODEL)), "fail", "the files of model are gone"),
    "policy gone": (lambda s: s.policy_file.unlink(), "fail", "There is no policy file"),
    "basis ended": (changed_policy(gp_ended), "fail", "no basis for GP data covers 2026-11-16"),
    "agreement ends": (changed_policy(practice_ends), "warn", "ends on 6 December 2026, in 20 days"),
    "fictitious": (changed_policy(fictitious), "warn", "the policy is fictitious"),
    "folder gone": (lost_folder, "fail", "cannot be written to"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_missing_is_named_with_what_to_do(settings: Settings, name: str) -> None:
    spoil, level, says = SPOILT[name]
    spoil(settings)
    found = doctor(settings)
    assert says in said(found, level), told(found)
    assert found.exit_code == {"warn": 1, "fail": 2}[level]
    assert [one for one in found.lines if one.level != "ok" and not one.next_step] == []
    assert told(found)[-1] != "Fit for the next night."


def test_a_clock_behind_the_audit_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_home, "LEEWAY", timedelta(minutes=5))
    monkeypatch.setattr("pipeline.clock.now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    assert "the audit's newest row is of 20" in said(doctor(settings), "fail")
    pretended = settings.model_copy(update={"now": datetime(2200, 1, 1, tzinfo=UTC)})
    assert "RISKSTRAT_NOW pretends" in said(doctor(pretended), "warn")


@pytest.mark.parametrize(("free", "level"), [(10**5, "fail"), (5 * 10**6, "warn"), (10**12, "ok")])
def test_room_is_held_against_the_last_night(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    usage = SimpleNamespace(total=2 * 10**12, used=10**12, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(doctor_home, "_written_by_last_night", lambda home, ledger: 10**6)
    [line] = [one for one in doctor(settings).lines if one.about == "disk"]
    assert line.level == level and "the last night wrote 1.0 MB" in line.says


def test_what_the_last_night_wrote_is_what_changed_while_it_ran(settings: Settings) -> None:
    import os

    ledger = open_ledger(settings.ledger_url)
    assert doctor_home._written_by_last_night(settings.home, ledger) in (0, settings.policy_file.stat().st_size)
    from pipeline.ledger import runs

    [run] = runs.list_runs(ledger, kind="nightly")
    assert run.finished_at is not None
    moment = max(run.started_at, run.finished_at).timestamp()
    before = doctor_home._written_by_last_night(settings.home, ledger)
    (settings.home / "written").write_bytes(b"x" * 1000)
    os.utime(settings.home / "written", (moment, moment))
    after = doctor_home._written_by_last_night(settings.home, ledger)
    assert after - before == (1000 if run.started_at <= run.finished_at else 0)
    ledger.engine.dispose()


def certificate(path: Path, *, ends: date) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    last = datetime(ends.year, ends.month, ends.day, 12, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, last - timedelta(days=900), last)
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def mailbox(settings: Settings, *, days: int) -> Path:
    """A plan with a mailbox whose certificate ends in so many days; the folder of its secrets."""
    folder = settings.home.parent / "secrets"
    folder.mkdir(mode=0o700)
    names = {name: folder / name for name in ("password", "shared_key", "private_key")}
    for path in names.values():
        path.write_text("secret\n")
        path.chmod(0o400)
    certificate(folder / "ours.pem", ends=DAY + timedelta(days=days))
    files = {f"{name}_file": str(path) for name, path in names.items()}
    mesh = {"url": "https://mesh.example", "mailbox": "X26OT001", "certificate_file": str(folder / "ours.pem"), **files}
    plan(settings, {"mesh": mesh})
    return folder


@pytest.mark.parametrize(
    ("days", "level", "says"),
    [(200, "ok", "ours.pem ends on"), (20, "warn", "in 20 days"), (-1, "fail", "ours.pem ends on 15 November 2026")],
)
def test_a_certificate_is_told_before_it_ends(settings: Settings, days: int, level: str, says: str) -> None:
    mailbox(settings, days=days)
    assert says in said(doctor(settings), level)


def test_secrets_and_silence_of_the_mailbox_are_told_without_a_network(settings: Settings) -> None:
    folder = mailbox(settings, days=200)
    (folder / "password").chmod(0o644)
    (folder / "ours.pem").write_text("no certificate")
    found = doctor(settings)
    assert "password can be read or written by others" in said(found, "fail")
    assert "ours.pem is no certificate" in said(found, "fail")
    assert "X26OT001 has never answered" in said(found, "warn")
    ledger = open_ledger(settings.ledger_url)
    outbox.record_mailbox(ledger, "X26OT001", handshake_at=datetime.fromisoformat(NOW) - timedelta(hours=1))
    ledger.engine.dispose()
    assert "X26OT001 answered on 2026-11-16 08:00" in said(doctor(settings), "ok")
    assert "secret" not in "\n".join(told(found)).replace("its secrets", "")


def test_a_ledger_of_another_release_is_looked_at_and_not_migrated(settings: Settings) -> None:
    from sqlalchemy import text

    ledger = open_ledger(settings.ledger_url)
    for revision, level, says in (("0001", "warn", "The next command migrates it"), ("9999", "fail", "newer than the")):
        with ledger.engine.begin() as connection:
            connection.execute(text(f"update alembic_version set version_num = '{revision}'"))
        found = doctor(settings)
        assert says in said(found, level)
        with ledger.engine.connect() as connection:
            assert connection.execute(text("select version_num from alembic_version")).scalar_one() == revision
    ledger.engine.dispose()


def test_a_server_that_does_not_answer_is_told_without_its_password(settings: Settings) -> None:
    url = "postgresql+psycopg2://riskstrat:s3cret@127.0.0.1:9/ledger"
    found = doctor(settings.model_copy(update={"ledger_url": url}))
    assert "postgresql ledger on 127.0.0.1 does not answer (OperationalError)" in said(found, "fail")
    assert "s3cret" not in "\n".join(told(found))
