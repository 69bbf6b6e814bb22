"""Two backfills and a night at once on PostgreSQL, killed and stopped on the way, give what they give one by one.

Real processes over two copies of one small home, whose ledger lies in a database of its own each: in one they go one
after another, in the other all together, the night twice, one backfill killed and the other stopped by hand.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from finished_home import FIRST, SECOND, Demo
from homes import first_difference, settings_of, store_digests, tree
from sqlalchemy import create_engine, insert, make_url, select, text

from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger import audit, backfills, registers, runs, steps
from pipeline.ledger.connect import Ledger, open_ledger
from pipeline.ledger.tables import metadata
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.intake import intake

pytestmark = pytest.mark.acceptance

SECONDS = 900
# The last night before the demo's first, which was never run; the first itself; both again with today's knowledge.
THEN = ("backfill", "--from", "2026-11-08", "--to", str(FIRST), "--every", "week")
NOW = (*THEN, "--knowledge", "now")
NIGHT = ("nightly", "--as-of", str(SECOND))


@dataclass(frozen=True)
class Home:
    """A home whose ledger lies in PostgreSQL."""

    settings: Settings

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger_url)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The command in a process of its own, in a group of its own, with what it says to be read."""
        environment = os.environ | {
            "RISKSTRAT_HOME": str(self.settings.home),
            "RISKSTRAT_LEDGER_URL": self.settings.ledger_url,
            "PYTHONPATH": str(PROJECT),
            "GX_ANALYTICS_ENABLED": "false",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *command],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            # Whoever started the tests in the background may have had interrupts ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip


def said_until(process: subprocess.Popen[str], beginning: str) -> str:
    """What the process says up to a line that begins so; fails when it ends before."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(beginning):
            return said
    raise AssertionError(f"it ended without saying {beginning!r}: {said[-2000:]}")


def cut_short(process: subprocess.Popen[str], *, stage: str, sign: signal.Signals) -> None:
    said_until(process, "1 of 2")
    said_until(process, stage)
    process.send_signal(sign)


def ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said[-3000:]
    return said


@pytest.fixture(scope="module")
def databases(postgresql_server: str) -> Iterator[list[str]]:
    """URLs of two new databases of this module's own."""
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    names = [f"riskstrat_at_once_{os.getpid()}_{number}" for number in (1, 2)]
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"create database {name}"))
    yield [make_url(postgresql_server).set(database=name).render_as_string(hide_password=False) for name in names]
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


def moved_to(url: str, home: Path) -> Home:
    """The home with everything its SQLite ledger holds in the database at this URL instead."""
    settings = settings_of(home)
    one, other = open_ledger(settings.ledger_url), open_ledger(url)
    with one.engine.connect() as reading, other.engine.begin() as writing:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in reading.execute(select(table))]
            if rows:
                writing.execute(insert(table), rows)
    one.engine.dispose()
    other.engine.dispose()
    for path in home.glob("ledger.db*"):
        path.unlink()
    return Home(settings_of(home, ledger_url=url))


@pytest.fixture(scope="module")
def homes(home: Demo, databases: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """The home after its first night with all deliveries taken in, twice."""
    folder = tmp_path_factory.mktemp("at_once")
    shutil.copytree(home.before_second, folder / "one")
    context = open_context(settings_of(folder / "one"))
    intake(context)
    context.ledger.engine.dispose()
    shutil.copytree(folder / "one", folder / "other")
    one, other = (moved_to(url, folder / name) for url, name in zip(databases, ("one", "other"), strict=True))
    return one, other


@pytest.fixture(scope="module")
def both(homes: tuple[Home, Home]) -> tuple[Home, Home]:
    """One by one in the first; all at once, with a kill and a stop, in the second."""
    one, other = homes
    for command in (THEN, NOW, NIGHT):
        ended(one.start(*command))
    killed, stopped = other.start(*THEN), other.start(*NOW)
    for process in (killed, stopped):
        said_until(process, "backfill ")
    nights = [other.start(*NIGHT), other.start(*NIGHT)]
    # Each in the middle of its second night, in either order: what is half made must be found and made whole.
    with ThreadPoolExecutor(2) as pool:
        one_ends = pool.submit(cut_short, killed, stage="  score", sign=signal.SIGKILL)
        pool.submit(cut_short, stopped, stage="  features", sign=signal.SIGINT).result()
        one_ends.result()
    assert stopped.wait(SECONDS) == 130
    assert killed.wait(SECONDS) == -signal.SIGKILL
    # Each once: a third, if it began after the night was out, would be another series, which knows one edition more.
    again = [other.start(*THEN), other.start(*NOW)]
    for process in (*nights, *again):
        ended(process)
    return one, other


def test_the_same_runs_were_made_once_each(both: tuple[Home, Home]) -> None:
    def made(home: Home) -> list[tuple[str, str, str, str]]:
        return sorted((one.run_key, one.kind, one.as_of.isoformat(), one.state) for one in runs.list_runs(home.ledger))

    one, other = (made(home) for home in both)
    assert one == other
    assert {state for *_, state in one} == {"finished"}


@pytest.mark.parametrize("folder", ["registers", "localities"])
def test_what_is_published_and_what_lies_apart_are_the_same_bytes(both: tuple[Home, Home], folder: str) -> None:
    one, other = (tree(home.settings.home, folder) for home in both)
    assert len(one) > 10
    assert any("/replays/" in name for name in one)
    assert first_difference(one, other) is None


def test_the_store_holds_the_same_rows(both: tuple[Home, Home]) -> None:
    one, other = (store_digests(home.settings.home) for home in both)
    assert first_difference(one, other) is None


def test_the_ledgers_say_the_same_and_their_audits_hold(both: tuple[Home, Home]) -> None:
    def content(home: Home) -> dict[str, Any]:
        ledger = home.ledger
        editions = registers.list_editions(ledger)
        keys = [one.run_key for one in runs.list_runs(ledger)]
        found: dict[str, Any] = {
            "editions": [{k: v for k, v in vars(one).items() if k != "published_at"} for one in editions],
            "entries": {one.edition_id: registers.entries(ledger, edition_id=one.edition_id) for one in editions},
            "steps": sorted(
                (s.scope, s.step, s.state, s.digest or "") for k in keys for s in steps.list_steps(ledger, scope=k)
            ),
            "backfills": {
                (one.series, one.state, night.as_of, night.run_key, night.state, str(night.content))
                for one in backfills.list_backfills(ledger)
                for night in backfills.nights(ledger, series=one.series)
            },
        }
        assert audit.verify(ledger) == []
        return found

    one, other = (content(home) for home in both)
    for name in ("editions", "entries", "steps"):
        assert one[name] == other[name], name
    assert one["backfills"] <= other["backfills"]
