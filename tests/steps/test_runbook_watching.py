"""Pages about what watching finds: a night of drawn people is spoilt, the alert is raised, its commands are run.

Training anew and running whole nights are left out here: tests/journey/test_night_with_faults.py runs both from a page.
"""

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from runbook_pages import not_as_told, run_page
from test_watch import looked_at
from watched_home import ACUTE, TONIGHT, Home, a_week_later, begun_home, promoted, small_family, what_followed

from pipeline.contracts.settings import read_settings
from pipeline.steps.tell.alerts import alerts_of_night

pytestmark = pytest.mark.acceptance
MORNING = datetime(2026, 11, 23, 7, tzinfo=UTC)
NIGHT_OR_TRAINING = ("riskstrat nightly", "riskstrat train", "riskstrat evaluate", "riskstrat promote")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return begun_home(tmp_path_factory.mktemp("watched") / "home")


@pytest.fixture
def home(begun: Home, tmp_path: Path) -> Home:
    """A copy, to be changed."""
    shutil.copytree(begun.context.settings.home, tmp_path / "home")
    return begun.copied_as(read_settings({"RISKSTRAT_HOME": str(tmp_path / "home"), "RISKSTRAT_NOW": f"{MORNING}"}))


def raised(home: Home) -> set[str]:
    return {one.name for one in alerts_of_night(home.context, as_of=TONIGHT) if one.is_open}


def page_runs(
    home: Home, page: str, work: Path, *, examples: Mapping[str, str] = {}, without: Sequence[str] = ()
) -> None:
    work.mkdir()
    place = home.context.settings.home
    ended = run_page(page, place, work=work, now=MORNING, examples=examples, without=without)
    assert ended and not_as_told(ended) == []


def test_records_that_look_different(home: Home, tmp_path: Path) -> None:
    columns = a_week_later(home.columns) | {name: np.zeros_like(home.columns[name]) for name in ACUTE}
    looked_at(home, columns=columns)
    assert "night_held" in raised(home), "so much of one source holds the night until a person lets it go"
    page_runs(home, "scores-do-not-fit", tmp_path / "held", without=NIGHT_OR_TRAINING)
    assert "records_look_different" in raised(home)
    whose = {"acute_ecds.RAL.20261121T170400Z": "acute_apc.RKE.20250820T200000Z"}
    page_runs(home, "records-look-different", tmp_path / "work", examples=whose)


def test_a_list_that_changed_much(home: Home, tmp_path: Path) -> None:
    promoted(home.context, small_family(home, seed=77, frail=0.1, old=0.08).model_id)
    looked_at(home)
    assert "list_changed_much" in raised(home)
    page_runs(home, "list-changed-much", tmp_path / "work", without=["riskstrat nightly"])


def test_scores_that_do_not_fit(home: Home, tmp_path: Path) -> None:
    what_followed(home, times=4.0)
    looked_at(home)
    assert "night_held" in raised(home)
    page_runs(home, "scores-do-not-fit", tmp_path / "work", without=NIGHT_OR_TRAINING)
    assert "night_held" not in raised(home) and "scores_do_not_fit" in raised(home)
