"""The components of compose.yaml, started by its words on PostgreSQL, run real nights: `make test-e2e`.

In order, over one home: a day's deliveries come and the night is published; an ordinary user starts a run over the REST
API and a viewer may not; a task of that run is killed, then a whole worker, and its deadline passes meanwhile; three
dates are filled in afterwards.
"""

import hashlib
import json
import os
import signal
import subprocess
import urllib.error
from datetime import date, timedelta
from typing import Any

import pytest
from local_airflow import airflow
from sqlalchemy import create_engine, text
from standing_airflow import Standing, processes

from pipeline.__main__ import main
from pipeline.contracts.notify_plan import DEFAULT_FILE
from pipeline.ledger import backfills, deliveries, registers, runs, steps
from pipeline.steps.backfill.backfill import AIRFLOW

pytestmark = pytest.mark.e2e

# Half a minute until a missing heartbeat is noticed, and what a busy machine adds.
NOTICED_WITHIN_SECONDS = 300


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


def test_a_killed_task_a_killed_worker_and_a_missed_deadline_end_in_a_notice_and_a_whole_run(stands: Standing) -> None:
    """One run, started by an ordinary user, to which all of it happens.

    A killed task is told of by the process that watches it. When that is killed too, nobody is left to say so, and only
    the missing heartbeat tells. Meanwhile the deadline that the scheduler wrote for the run passes.
    """
    as_of = stands.first + timedelta(days=3)
    stands.pause("nightly", False)
    with stands.timed("a run over the REST API: a killed task, a killed worker, a missed deadline"):
        run_id = stands.trigger("nightly", as_of=as_of, user="operator")
        kill(stands, run_id, as_of=as_of, stage="features")
        kill(stands, run_id, as_of=as_of, stage="segment", and_its_watcher=True)
        told_before = len(notices(stands))
        deadline_passes(stands, run_id)
        late = stands.wait(lambda: tells_of(stands, as_of, since=told_before), what="a notice that the night is late")
        assert stands.state("nightly", run_id) == "running"
        # The components are asked how they are while the lost task is not noticed yet.
        assert stands.health() == {}
        stands.ended("nightly", run_id, seconds=NOTICED_WITHIN_SECONDS)
    assert late["as_of"] == as_of.isoformat()
    for stage in ("features", "segment"):
        assert stands.tries("nightly", run_id, stage) == [(1, "failed"), (2, "success")], stage
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
    # One date after the other: each that was never run before continues the one ahead of it.
    made = {one.as_of: one.run_key for one in backfills.nights(context.ledger, series=AIRFLOW)}
    third = runs.get_run(context.ledger, str(made[dates[2]]))
    assert third is not None and made[dates[1]] in third.inputs["chain"]
    assert current_editions(stands) == before
    assert len(deliveries.list_deliveries(context.ledger)) == known


def kill(stands: Standing, run_id: str, *, as_of: date, stage: str, and_its_watcher: bool = False) -> None:
    """SIGKILL for the process of this stage's task in its middle; if asked, for the one that watches over it first."""
    task = in_the_middle(stands, run_id, as_of=as_of, stage=stage)
    if and_its_watcher:
        (watcher,) = processes(f"airflow worker -- LocalExecutor: {task}")
        os.kill(watcher, signal.SIGKILL)
    (process,) = processes(f"airflow worker -- {task}")
    os.kill(process, signal.SIGKILL)


def in_the_middle(stands: Standing, run_id: str, *, as_of: date, stage: str) -> str:
    """The id of the task of this stage, once the ledger says that the stage has begun."""
    context = stands.context()

    def begun() -> bool:
        of_date = runs.list_runs(context.ledger, as_of=as_of)
        found = [steps.find_step(context.ledger, scope=run.run_key, step=stage) for run in of_date]
        states = [step.state for step in found if step is not None]
        assert "finished" not in states, f"{stage} was over before anybody looked"
        return "started" in states

    stands.wait(begun, what=f"{stage} of {as_of} to begin", seconds=300, every=0.1)
    (task,) = [one for one in stands.tasks("nightly", run_id) if one["task_id"] == stage]
    assert task["state"] == "running"
    return str(task["id"])


def deadline_passes(stands: Standing, run_id: str) -> None:
    """Nobody waits until 06:00: the deadline that the scheduler wrote, as the DAG declares it, is moved to the past."""
    engine = create_engine(stands.airflow.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    of_run = "from dag_run r where d.dagrun_id = r.id and r.dag_id = 'nightly' and r.run_id = :run"
    with engine.begin() as connection:
        moved = connection.execute(
            text(f"update deadline d set deadline_time = now() {of_run} returning r.queued_at, d.missed"),
            {"run": run_id},
        )
        assert [missed for _, missed in moved] == [False]
    engine.dispose()


def notices(stands: Standing) -> list[dict[str, Any]]:
    """Every notice that went to the home's file, oldest first."""
    file = stands.settings.home / DEFAULT_FILE
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def tells_of(stands: Standing, as_of: date, *, since: int) -> dict[str, Any] | None:
    """A notice after the first `since` ones that says of this night that its registers are late."""
    for notice in notices(stands)[since:]:
        for alert in notice["alerts"]:
            if alert["name"] == "registers_late" and as_of.isoformat() in json.dumps(alert):
                return notice
    return None


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
