"""A night that kills itself: `python -m tests.journey.killed_night HOME AS_OF STEP N` runs the night of that home.

Just before the N-th touch of the world inside the step it sends itself SIGKILL, so nothing is tidied up. With no
step it runs to the end. Whoever starts it looks at how it ended.
"""

import os
import signal
import sys
from datetime import date
from pathlib import Path

from pipeline.contracts.settings import read_settings


def run_night(home: str, as_of: str, step: str | None = None, nth: int = 0, log: str | None = None) -> None:
    """Run the night of the home, killed before the nth touch inside the step; output goes to the log file."""
    from pipeline.steps.at_hand.context import open_context
    from pipeline.steps.night.nightly import nightly

    if __package__:
        from tests.journey.touches import watched
    else:
        from touches import watched

    if log is not None:
        _write_output_to(Path(log))
    seen = 0

    def count(active: str, kind: str) -> None:
        nonlocal seen
        if active == step:
            seen += 1
            if seen == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    with watched(count):
        nightly(open_context(read_settings({"RISKSTRAT_HOME": home})), as_of=date.fromisoformat(as_of), hold_back=True)


def _write_output_to(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(handle, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)


if __name__ == "__main__":
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    arguments = sys.argv[1:]
    run_night(arguments[0], arguments[1], *(arguments[2:3] or [None]), nth=int((arguments[3:4] or ["0"])[0]))
