"""The lock of a ledger that several machines share: one session at a time, and a dead one holds nothing."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.ledger.lock import sole_session

HOLD = """
import sys, time
from pipeline.ledger.lock import sole_session
with sole_session(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_session_is_refused_waits_and_is_served_when_the_holder_dies(postgresql_database: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, postgresql_database], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    for seconds in (0.0, 0.3):
        refused = pytest.raises(UserError, match="on this machine or another")
        with refused, sole_session(postgresql_database, wait_seconds=seconds):
            pass
    threading.Timer(0.5, holder.kill).start()
    said: list[str] = []
    with sole_session(postgresql_database, wait_seconds=30, says_that_it_waits=lambda: said.append("waits")):
        assert said == ["waits"]
    holder.wait()
    with sole_session(postgresql_database):
        pass


def test_on_sqlite_it_asks_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with sole_session(url), sole_session(url):
        assert not (tmp_path / "ledger.db").exists()
