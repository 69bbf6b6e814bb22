"""How the process of one command ends: at once, with its exit code, and with all it wrote handed over."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
# What some library does when a process ends in the usual way.
ABORTS = "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.__cxa_atexit(libc.abort, None, None)\n"
COMMAND = """
import atexit, sys
import pipeline.__main__ as edge
{before}
def main():
    {does}
edge.main = main
atexit.register(lambda: print("tidied"))
{ends}
"""


def ended(*, does: str, ends: str = "edge.run()", before: str = "") -> subprocess.CompletedProcess[str]:
    """A process whose command does this."""
    program = COMMAND.format(before=before, does=does, ends=ends)
    return subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("does", "code"), [("return 0", 0), ("return 14", 14), ("sys.exit(2)", 2), ("sys.exit()", 0), ("sys.exit('no')", 1)]
)
def test_the_exit_code_is_the_commands_and_what_ends_with_the_process_is_done(does: str, code: int) -> None:
    done = ended(does=f"print('x' * 100_000); {does}")
    assert (done.returncode, done.stdout) == (code, "x" * 100_000 + "\ntidied\n")


def test_a_library_that_aborts_at_the_end_changes_nothing() -> None:
    """The first process shows that it would."""
    assert ended(does="return 0", before=ABORTS, ends="sys.exit(edge.main())").returncode == -6
    assert ended(does="return 0", before=ABORTS).returncode == 0
