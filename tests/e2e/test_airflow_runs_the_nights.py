"""A real scheduler, DAG processor and API server on PostgreSQL run real nights: `make test-e2e`.

In order, over one home: a day's deliveries come and the night is published; an ordinary user starts a run over the REST
API and a viewer may not; a task is killed in the middle, and a whole worker; three dates are filled in afterwards.
"""

import hashlib
import os
import signal
import subprocess
import urllib.error
from datetime import date, timedelta

import pytest
from local_airflow import airflow
from standing_airflow import Standing, processes

from pipeline.__main__ import main
from pipeline.ledger import deliveries, registers, runs, steps

pytestmark = pytest.mark.e2e


def refused(stands: Standing, *, user: str | None) -> int:
    """The status with which the API refuses to start a night for this user."""
    asked = {"logical_date": None, "partition_key": stands.last.isoformat()}
    with pytest.raises(urllib.error.HTTPError) as told:
        stands.airflow.call("/api/v2/dags/nightly/dagRuns", asked, user=user)
    return told.value.code


def test_only_who_may_run_a_dag_may_start_a_night(stands: Standing) -> None:
    """Before anything runs: nobody without a login, and a viewer sees the DAGs and no more."""
    assert refused(stands, user=None) == 401
    assert refused(stands, user="viewer") == 403
    assert stands.airflow.call("/api/v2/dags/nightly", user="viewer")["is_paused"] is True
    assert stands.runs("nightly") == []


def test_a_days_deliveries_are_taken_in_and_the_night_is_published(
    stands: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = stands.context()
    before = {one.delivery_id for one in deliveries.list_deliveries(context.ledger)}
    dropped = stands.drop()
    assert dropped >= 5
    with stands.timed("the day's deliveries, by their DAG"):
        stands.pause("deliveries", False)
        run = stands.wait(
            lambda: next(iter(stands.runs("deliveries")), None), what="the schedule to look for deliveries"
        )
        stands.ended("deliveries", run["dag_run_id"])
        # It looks every ten minutes, and would take turns with what follows.
        stands.pause("deliveries", True)
    came = [one for one in deliveries.list_deliveries(context.ledger) if one.delivery_id not in before]
    assert len(came) == dropped
    assert {one.received_at.date() for one in came} == {stands.last}
    assert sum(one.state == "accepted" for one in came) >= dropped - 2
    with stands.timed("the night, by the schedule"):
        stands.pause("nightly", False)
        run = stands.wait(lambda: next(iter(stands.runs("nightly")), None), what="the schedule to start the night")
        assert run["partition_key"] == stands.last.isoformat()
        stands.ended("nightly", run["dag_run_id"])
    (night,) = runs.list_runs(context.ledger, as_of=stands.last, kind="nightly")
    assert night.state == "finished"
    assert {one.delivery_id for one in came if one.state == "accepted"} <= set(
        runs.run_deliveries(context.ledger, night.run_key)
    )
    made = [e for e in registers.list_editions(context.ledger) if e.run_key == night.run_key and e.plane == "practice"]
    assert len(made) >= 4 and all(edition.kind == "current" for edition in made)
    monkeypatch.setenv("RISKSTRAT_HOME", str(stands.settings.home))
    for edition in made:
        assert main(["verify", str(stands.settings.home / edition.path)]) == 0


def test_a_killed_task_of_an_ordinary_users_run_is_tried_again_and_the_run_ends_well(stands: Standing) -> None:
    as_of = stands.first + timedelta(days=3)
    stands.pause("nightly", False)
    with stands.timed("a run over the REST API, its task killed"):
        run_id = stands.trigger("nightly", as_of=as_of, user="operator")
        task = in_the_middle(stands, run_id, as_of=as_of, stage="features")
        (process,) = processes(f"airflow worker -- {task}")
        os.kill(process, signal.SIGKILL)
        stands.ended("nightly", run_id)
    assert stands.tries("nightly", run_id, "features") == [(1, "failed"), (2, "success")]
    assert finished(stands, as_of)


def test_a_killed_worker_is_noticed_by_its_missing_heartbeat(stands: Standing) -> None:
    """Nobody is left to say that the task has failed: not its process, and not the one that watched over it."""
    as_of = stands.first + timedelta(days=4)
    stands.pause("nightly", False)
    with stands.timed("a run whose worker was killed"):
        run_id = stands.trigger("nightly", as_of=as_of, user="operator")
        task = in_the_middle(stands, run_id, as_of=as_of, stage="features")
        (watcher,) = processes(f"airflow worker -- LocalExecutor: {task}")
        os.kill(watcher, signal.SIGKILL)
        for process in processes(f"airflow worker -- {task}"):
            os.kill(process, signal.SIGKILL)
        stands.ended("nightly", run_id)
    assert stands.tries("nightly", run_id, "features") == [(1, "failed"), (2, "success")]
    assert finished(stands, as_of)


def test_three_dates_are_filled_in_and_no_edition_is_disturbed(stands: Standing) -> None:
    context = stands.context()
    stands.pause("nightly", False)
    dates = [stands.first + timedelta(days=count) for count in range(3)]
    before = current_editions(stands)
    known = len(deliveries.list_deliveries(context.ledger))
    with stands.timed("a backfill of three dates"):
        # A --to-date without a time is that day's midnight, before its own tick: the last date would be left out.
        backfill(stands, dates[0], f"{dates[-1]}T23:59:59")
        filled = stands.wait(lambda: backfilled(stands, how_many=3), what="three runs of the backfill")
        for run_id in filled:
            stands.ended("nightly", run_id)
    assert sorted(one["partition_key"][:10] for one in stands.runs("nightly") if one["run_type"] == "backfill") == [
        day.isoformat() for day in dates
    ]
    for day in dates:
        assert finished(stands, day)
    assert current_editions(stands) == before
    assert len(deliveries.list_deliveries(context.ledger)) == known


def in_the_middle(stands: Standing, run_id: str, *, as_of: date, stage: str) -> str:
    """The id of the task of this stage, once the ledger says that the stage has begun."""
    context = stands.context()

    def begun() -> bool:
        of_date = runs.list_runs(context.ledger, as_of=as_of)
        found = [steps.find_step(context.ledger, scope=run.run_key, step=stage) for run in of_date]
        return any(step is not None and step.state == "started" for step in found)

    stands.wait(begun, what=f"{stage} of {as_of} to begin", seconds=300)
    (task,) = [one for one in stands.tasks("nightly", run_id) if one["task_id"] == stage]
    assert task["state"] == "running"
    return str(task["id"])


def finished(stands: Standing, as_of: date) -> bool:
    """Whether there are runs of this date, none of them left half-way."""
    found = runs.list_runs(stands.context().ledger, as_of=as_of)
    return bool(found) and all(run.state == "finished" for run in found)


def current_editions(stands: Standing) -> dict[str, str]:
    """Every edition that practices and localities were given, and the digest of its manifest as it lies there now."""
    listed = [one for one in registers.list_editions(stands.context().ledger) if one.kind != "replay"]
    files = {one.edition_id: stands.settings.home / one.path / "manifest.json" for one in listed}
    return {edition: hashlib.sha256(file.read_bytes()).hexdigest() for edition, file in files.items()}


def backfill(stands: Standing, first: date, last: str) -> None:
    command = ["backfill", "create", "--dag-id", "nightly", "--from-date", first.isoformat(), "--to-date", last]
    made = subprocess.run(
        airflow(*command, "--max-active-runs", "1"),
        env=dict(stands.airflow.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]


def backfilled(stands: Standing, *, how_many: int) -> list[str]:
    """Ids of the runs of the backfill in order of date, once there are so many."""
    found = sorted((one["partition_key"], one["dag_run_id"]) for one in stands.runs("nightly") if of_backfill(one))
    return [run_id for _, run_id in found] if len(found) == how_many else []


def of_backfill(run: dict[str, object]) -> bool:
    return run["run_type"] == "backfill"
