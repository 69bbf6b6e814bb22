"""A plugin for the runs of removal.py: writes what became of each test, and refuses to run over another tree.

Loaded by name (`-p told`), never collected.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


def pytest_sessionstart(session: pytest.Session) -> None:
    import pipeline

    here = Path(str(session.config.rootpath)).resolve()
    if here not in Path(str(pipeline.__file__)).resolve().parents:
        pytest.exit(f"the tests would look at another tree than {here}", returncode=7)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if report.when == "call" or report.outcome != "passed":
        outcome = report.outcome if report.when == "call" else f"{report.outcome} in its {report.when}"
        # Its kind alone: the words hold folders and numbers that differ each time.
        raised = "" if call.excinfo is None else call.excinfo.typename
        line = {"test": item.nodeid, "outcome": outcome, "raised": raised}
        with Path(os.environ["GATES_TOLD"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return report
