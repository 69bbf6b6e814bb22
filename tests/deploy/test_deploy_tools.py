"""The tools of deploy/: secrets drawn, databases and their logins, health checks, and processes that are gone."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from pipeline.contracts.settings import PROJECT
from pipeline.ledger import audit
from pipeline.ledger.connect import open_ledger

sys.path.insert(0, str(PROJECT / "deploy"))
import databases
import healthy
import local_airflow
import make_secrets
import region

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_secrets_are_drawn_once_and_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_secrets, "USER", os.geteuid())
    folder = tmp_path / "secrets"
    assert make_secrets.main([str(folder)]) == 0
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == set(make_secrets.files())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert make_secrets.main([str(folder)]) == 1
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    other = make_secrets.files()
    assert not [name for name in made if made[name] == other[name]]
    assert made["pgpass_airflow"].count("\n") == 1 and made["pgpass_airflow"] in made["pgpass_setup"]
    assert "vault" not in made["pgpass_airflow"] and "postgres" not in made["pgpass_tasks"]


@pytest.fixture
def made(postgresql_server: str) -> Iterator[SimpleNamespace]:
    """Three databases as for compose.yaml, made twice, under names of this test's own."""
    if "RISKSTRAT_TEST_PG_URL" in os.environ:
        pytest.skip("not tested here: databases.py, whose databases have fixed names, on a server that is not our own")
    place = make_url(postgresql_server)
    host = str(place.query["host"]) if "host" in place.query else str(place.host)
    port = str(place.port or 5432)
    lines = [f"{host}:{port}:{name}:{name}:drawn-{name}" for name in ("airflow", "ledger", "vault")]
    wanted = databases.logins("# a comment\n" + "\n".join(lines) + "\n")
    for _ in range(2):
        databases.make(host, port, wanted, owner=str(place.username))
    yield SimpleNamespace(
        url=lambda login, database: place.set(username=login, database=database).render_as_string(hide_password=False)
    )
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("airflow", "ledger", "vault"):
            connection.execute(text(f"drop database if exists {name} with (force)"))
        for name in ("airflow", "ledger", "ledger_owner", "vault", "riskstrat_scoring", "riskstrat_identities"):
            connection.execute(text(f"drop role if exists {name}"))
    engine.dispose()


def test_each_login_opens_its_own_database_alone(made: SimpleNamespace) -> None:
    for login in ("airflow", "ledger", "vault"):
        for database in ("airflow", "ledger", "vault"):
            assert opens(made.url(login, database)) is (login == database), (login, database)


def test_the_ledgers_login_adds_to_the_audit_and_cannot_change_it(made: SimpleNamespace) -> None:
    ledger = open_ledger(made.url("ledger", "ledger"))
    audit.append(ledger, at=AT, who="pipeline", action="step", subject="a test", counts={}, run_key=None)
    assert len(audit.list_entries(ledger)) == 1
    for statement in ("update audit_entry set who = 'x'", "delete from audit_entry", "drop table audit_entry"):
        with pytest.raises(DBAPIError), ledger.engine.begin() as connection:
            connection.execute(text(statement))
    ledger.engine.dispose()


def opens(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except DBAPIError:
        return False
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("line", "component"),
    [
        (b"/opt/riskstrat/bin/python\0/opt/riskstrat/bin/airflow\0scheduler\0", "scheduler"),
        (b"/sbin/docker-init\0--\0airflow\0dag-processor\0", "dag-processor"),
        (b"airflow api_server -- host:0.0.0.0 port:8080", "api-server"),
        (b"/opt/riskstrat/bin/python\0/opt/riskstrat/bin/riskstrat\0nightly\0--as-of\0002026-11-22\0", None),
        (b"riskstrat\0scheduler\0", None),
        (b"airflow\0db\0migrate\0", None),
    ],
)
def test_a_health_check_knows_what_the_container_runs(line: bytes, component: str | None) -> None:
    assert healthy.component_of(line) == component


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_component_that_is_not_well_is_told(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT", str(server.server_port))
    assert healthy.main(["scheduler"]) == code
    assert ("503" in capsys.readouterr().out) is (code == 1)
    server.shutdown()
    server.server_close()
    if code == 0:
        assert healthy.main(["scheduler"]) == 1
        assert healthy.main(["sceduler"]) == 1


def test_another_airflows_settings_do_not_leak_in(tmp_path: Path) -> None:
    ports = local_airflow.Ports(18080, 18793, 18794)
    base = {"AIRFLOW__CORE__EXECUTOR": "Other", "AIRFLOW_HOME": "/elsewhere", "LANG": "C.UTF-8"}
    told = local_airflow.environment(base, folder=tmp_path, ports=ports)
    other = local_airflow.environment(base, folder=tmp_path, ports=ports)
    assert told["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor" and told["AIRFLOW_HOME"] == str(tmp_path)
    assert ":18080/" in told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] and told["LANG"] == "C.UTF-8"
    assert told["AIRFLOW__API_AUTH__JWT_SECRET"] != other["AIRFLOW__API_AUTH__JWT_SECRET"]


def test_a_taken_port_is_seen() -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    assert not local_airflow.is_free(server.server_port)
    server.server_close()
    assert local_airflow.is_free(server.server_port)
    assert len(set(local_airflow.free_ports(3))) == 3


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sessions are found in /proc")
def test_stopping_leaves_no_child_that_did_not_hear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A component that ends at once, and leaves behind a child that is deaf to being asked."""
    monkeypatch.setattr(local_airflow, "STOPS_WITHIN_SECONDS", 5)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {deaf!r}]); time.sleep(60)"
    started = local_airflow.Airflow({"AIRFLOW_HOME": str(tmp_path)})
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True)
    started.running["one"] = process
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    assert len(local_airflow.members_of_session(process.pid)) == 2
    started.stop()
    until = time.monotonic() + 5
    while local_airflow.members_of_session(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert local_airflow.members_of_session(process.pid) == []
    process.stdout.close()


def test_last_night_is_the_newest_that_its_start_has_passed() -> None:
    told = {
        hour: region.last_night(datetime.fromisoformat(f"2026-11-26T{hour}:00+00:00")) for hour in ("02:00", "02:10")
    }
    assert {hour: day.isoformat() for hour, day in told.items()} == {"02:00": "2026-11-24", "02:10": "2026-11-25"}
    # In summer London is an hour ahead.
    assert region.last_night(datetime(2026, 7, 2, 1, 30, tzinfo=UTC)).isoformat() == "2026-07-01"


def test_the_dags_are_known_by_their_runbooks() -> None:
    assert {"nightly", "deliveries", "training", "feedback", "housekeeping"} <= set(local_airflow.dag_names())
