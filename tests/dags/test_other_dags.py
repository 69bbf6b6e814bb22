"""The DAGs around the night, each run once: deliveries that begin a night early, training, feedback, housekeeping.

One process runs them (run_others.py) in a home of its own; some minutes on a busy machine, so a suite of its own.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dag_homes import FIRST, airflow_environment, make_home

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.settings import read_settings
from pipeline.ledger import audit, models, runs
from pipeline.ledger.connect import Ledger, open_ledger
from pipeline.steps.run.run import MODEL

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The home, and what the runs came to."""
    folder = tmp_path_factory.mktemp("around")
    home, seen = folder / "home", folder / "seen.json"
    make_home(home)
    environment = airflow_environment(folder / "airflow") | {
        "RISKSTRAT_BACKUPS": str(folder / "backups"),
        "PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}",
    }
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    script = Path(__file__).with_name("run_others.py")
    command = [sys.executable, str(script), str(home), str(seen)]
    with (folder / "said.log").open("w") as log:
        ended = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)
    assert ended.returncode == 0, (folder / "said.log").read_text()[-3000:]
    return home, json.loads(seen.read_text())


def opened(home: Path) -> Ledger:
    return open_ledger(read_settings({"RISKSTRAT_HOME": str(home)}).ledger_url)


def states(run: dict[str, Any]) -> dict[str, str]:
    return {name: state for name, (state, _) in run["tasks"].items()}


def test_deliveries_are_checked_in_groups_and_the_sources_marked_in_the_evening(around: tuple[Path, Any]) -> None:
    home, seen = around
    noon, evening = states(seen["noon"]), states(seen["evening"])
    marks = {f"mark_{source}" for source in SOURCES}
    assert seen["noon"]["state"] == seen["evening"]["state"] == "success"
    # There is no mailbox, and before the evening nothing is marked.
    assert noon["collect"] == "skipped" and {noon[name] for name in marks} == {"skipped"}
    groups = [name for name in noon if name.startswith("validate[")]
    assert len(groups) >= 4 and {noon[name] for name in groups} == {"success"}
    assert evening["validate"] == "skipped" and {evening[name] for name in marks} == {"success"}


def test_a_night_begins_once_when_all_is_in(around: tuple[Path, Any]) -> None:
    _, seen = around
    assert seen["begun"] == [FIRST.isoformat()]
    assert {states(seen["later"])[f"mark_{source}"] for source in SOURCES} == {"skipped"}
    assert seen["begun_later"] == seen["begun"]
    assert seen["early"]["state"] == "success"


def test_a_missed_deadline_is_told_of_a_night_and_not_of_a_backfill(around: tuple[Path, Any]) -> None:
    _, seen = around
    of_backfill, of_night = seen["missed"]
    assert of_backfill == [] and "registers_late" in of_night


def test_training_ends_with_a_challenger_that_does_not_score(around: tuple[Path, Any]) -> None:
    home, seen = around
    assert seen["training"]["state"] == "success"
    ledger = opened(home)
    every, champion = models.list_models(ledger, name=MODEL), models.champion(ledger, name=MODEL)
    assert champion is not None and len(every) == 2
    (challenger,) = [one for one in every if one.model_id != champion.model_id]
    assert (home / "reports" / "evaluation" / challenger.model_id / "evaluation.html").is_file()
    # By what was known on the last night that finished.
    assert {run.as_of for run in runs.list_runs(ledger, kind="train")} == {FIRST}


def test_feedback_reads_what_lies_there_and_sends_nothing_without_a_plan(around: tuple[Path, Any]) -> None:
    _, seen = around
    assert seen["feedback"]["state"] == "success"
    assert states(seen["feedback"]) == {"exchange": "skipped", "read": "success", "notify": "success"}


def test_housekeeping_backs_up_and_deletes_nothing_unasked(around: tuple[Path, Any]) -> None:
    home, seen = around
    assert seen["housekeeping"]["state"] == "success"
    assert set(states(seen["housekeeping"]).values()) == {"success"}
    (backup,) = (home.parent / "backups").iterdir()
    assert backup.name == "backup-20261202T120000Z" and (backup / "backup.json").is_file()
    assert audit.list_entries(opened(home), action="purge") == []
