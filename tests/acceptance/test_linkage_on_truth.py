"""Linkage held against the truth of an invented region with planted faults: no row is somebody else's."""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks" / "linkage"))

from measure import outcomes, take_in
from plant import plant

from pipeline.store import layout

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    home = tmp_path_factory.mktemp("linkage") / "home"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        plant(layout.landing(home), people=1_500, seed=3)
        context, _ = take_in(home)
        return outcomes(context)


def rows(found: list[dict[str, Any]], **wanted: object) -> int:
    return sum(one["rows"] for one in found if all(one[name] == value for name, value in wanted.items()))


def test_no_row_counts_for_somebody_else(found: list[dict[str, Any]]) -> None:
    assert rows(found, by_number_alone="wrong") > 100
    assert rows(found, outcome="wrong") == 0


def test_no_row_without_a_fault_is_lost_but_under_a_disputed_number(found: list[dict[str, Any]]) -> None:
    faultless = {"kind": "none", "listed": True}
    assert rows(found, **faultless, outcome="right") + rows(found, **faultless, outcome="kept apart") == rows(
        found, **faultless
    )
    assert rows(found, **faultless, outcome="right") > 0.98 * rows(found, **faultless)


def test_rows_under_a_superseded_number_all_find_their_person(found: list[dict[str, Any]]) -> None:
    superseded = {"kind": "superseded", "listed": True}
    assert rows(found, **superseded, outcome="right") == rows(found, **superseded) > 10
    assert rows(found, **superseded, by_number_alone="right") == 0
