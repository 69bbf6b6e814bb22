"""One writer at a time in a home, and a dead one holds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.store.lock import sole_writer

HOLD = """
import sys, time
from pathlib import Path
from pipeline.store.lock import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_to_wait_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UserError, match="wait until it has finished"), sole_writer(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with sole_writer(tmp_path):
        pass


def test_the_lock_is_free_again_after_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with sole_writer(tmp_path):
            pass


def test_who_waits_is_served_and_says_once_that_it_waits(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    said: list[str] = []

    def said_so() -> None:
        said.append("waits")
        holder.kill()
        holder.wait()

    with sole_writer(tmp_path, wait_seconds=30, says_that_it_waits=said_so):
        assert said == ["waits"]
    with pytest.raises(UserError, match="at work"), sole_writer(tmp_path), sole_writer(tmp_path, wait_seconds=0.3):
        pass


AGAIN = """
import sys, time
from pathlib import Path
from pipeline.store.lock import sole_writer
for turn in range(1000):
    with sole_writer(Path(sys.argv[1]), wait_seconds=30):
        print(turn, flush=True)
        time.sleep(0.3)
"""


def test_who_asks_again_at_once_does_not_keep_out_who_waits(tmp_path: Path) -> None:
    """A backfill takes the lock for every night anew: the night that waits comes in after the one at work."""
    greedy = subprocess.Popen([sys.executable, "-c", AGAIN, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert greedy.stdout is not None
    assert greedy.stdout.readline() == "0\n"
    with sole_writer(tmp_path, wait_seconds=5):
        greedy.kill()
        turns = greedy.stdout.read().split()
    greedy.wait()
    assert len(turns) <= 3
