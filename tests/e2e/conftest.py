"""One Airflow for the session, and how long each part of it took, told at the end."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.contracts.settings import PROJECT

sys.path.insert(0, str(PROJECT / "deploy"))
from standing_airflow import Standing, standing

TOLD: dict[str, float] = {}


@pytest.fixture(scope="session")
def stands(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    if "RISKSTRAT_TEST_PG_URL" in os.environ:
        pytest.skip(
            "not tested here: a real Airflow, whose databases have fixed names, on a server that is not our own"
        )
    folder: Path = tmp_path_factory.mktemp("e2e")
    with standing(folder, server=postgresql_server) as made:
        yield made
    TOLD.update(made.seconds)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for what, seconds in TOLD.items():
        terminalreporter.write_line(f"[e2e] {what}: {seconds:.0f} s")
