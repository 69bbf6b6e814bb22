"""Three regions, written once for all tests of this room: the demo's size for rates, a seventh of it, a tiny one."""

import csv
import functools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from written import write_region


@pytest.fixture(scope="session")
def whole_region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "landing"
    write_region(out, people=20_000, seed=1)
    return out


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("region") / "landing"
    write_region(out, people=3_000, seed=2)
    return out


@pytest.fixture(scope="session")
def small_region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("small") / "landing"
    write_region(out, people=600, seed=3, oracle_replays=100)
    return out


@pytest.fixture(scope="session")
def receipts(region: Path) -> list[tuple[Path, dict[str, object]]]:
    found = sorted(region.glob("[!_]*/*.receipt.json"))
    return [
        (path.with_name(path.name.replace(".receipt.json", ".csv")), json.loads(path.read_text())) for path in found
    ]


@pytest.fixture(scope="session")
def rows_of(region: Path) -> Callable[[str], list[dict[str, str]]]:
    """Rows of the files that match a pattern under the landing folder, in the order of file names."""

    @functools.cache
    def read(pattern: str) -> list[dict[str, str]]:
        found = sorted(region.glob(pattern))
        assert found, f"no file matches {pattern}"
        rows: list[dict[str, str]] = []
        for path in found:
            with path.open(newline="", encoding="utf-8") as handle:
                rows += csv.DictReader(handle)
        return rows

    return read
