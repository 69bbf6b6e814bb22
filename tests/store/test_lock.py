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
