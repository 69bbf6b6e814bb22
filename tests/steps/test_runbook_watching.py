"""Pages about what watching finds: a night of drawn people is spoilt, the alert is raised, its commands are run.

Training anew and running whole nights are left out here: tests/journey/test_runbooks.py runs both from these pages.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from runbook_pages import Operator
from watched_home import (
    ACUTE,
    TONIGHT,
    Home,
    a_week_later,
    looked_at,
    promoted,
    small_family,
    watched_copy,
    what_followed,
)

pytestmark = pytest.mark.acceptance
MORNING = datetime(2026, 11, 23, 7, tzinfo=UTC)
NO_NIGHT = ["riskstrat nightly"]
NO_NIGHT_NOR_TRAINING = ["riskstrat nightly", "riskstrat train", "riskstrat evaluate", "riskstrat promote"]


@pytest.fixture
def home(begun: Home, tmp_path: Path) -> Home:
    return watched_copy(begun, tmp_path / "home", now=MORNING)


@pytest.fixture
def operator(home: Home, work: Path) -> Operator:
    return Operator(home.context.settings.home, work, MORNING, TONIGHT)


def test_records_that_look_different(home: Home, operator: Operator) -> None:
    """So much of one source holds the night until a person lets it go; what was found stays for the next night."""
    columns = a_week_later(home.columns) | {name: np.zeros_like(home.columns[name]) for name in ACUTE}
    looked_at(home, columns=columns)
    operator.runs_page(
        "scores-do-not-fit",
        alerts=["night_held"],
        part="Held, and practices need a list before that",
        without=NO_NIGHT,
    )
    operator.runs_page(
        "records-look-different",
        waits=["records_look_different"],
        examples={"acute_ecds.RAL.20261121T170400Z": "acute_apc.RKE.20250820T200000Z"},
    )


def test_a_list_that_changed_much(home: Home, operator: Operator) -> None:
    promoted(home.context, small_family(home, seed=77, frail=0.1, old=0.08).model_id)
    looked_at(home)
    operator.runs_page("list-changed-much", waits=["list_changed_much"], without=NO_NIGHT)


def test_scores_that_do_not_fit(home: Home, operator: Operator) -> None:
    """Let through by a person, they still do not fit, until a model is trained anew."""
    what_followed(home, times=4.0)
    looked_at(home)
    operator.runs_page(
        "scores-do-not-fit",
        alerts=["night_held"],
        part="Held, and practices need a list before that",
        without=NO_NIGHT,
    )
    operator.runs_page(
        "scores-do-not-fit",
        waits=["scores_do_not_fit"],
        part="The scores really do not fit",
        without=NO_NIGHT_NOR_TRAINING,
    )
