"""A home and an Airflow over it for the tests that run them for real: what is made, asked and waited for.

The components are those of compose.yaml, started with its commands and environments (declared_components.py), over the
databases and logins that its service `databases` makes. The region is drawn up to last night, whose deliveries of the
last day are held aside for a test to drop.
"""

import compileall
import json
import os
import shutil
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import make_secrets
from declared_components import Command, Place, asked_as, declared_services, set_secrets_in_place, started_as
from healthy import COMPONENTS
from local_airflow import Airflow, Ports, dag_names, free_ports
from region import last_night, make_region
from small_plan import small_plan
from sqlalchemy import create_engine, text

from pipeline.contracts.settings import PROJECT, Settings, read_settings
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.night.nightly import take_in
from pipeline.store import layout

PEOPLE = 2000
# What is minutes at a site is seconds here, and what is looked at every second is looked at more often.
HURRY = {
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "25",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
ENDED = ("success", "failed")


@dataclass(frozen=True)
class Standing:
    """A running Airflow, the home its tasks work in, and what is known of the region."""

    airflow: Airflow
    settings: Settings
    last: date
    aside: Path
    asked: Mapping[str, Command]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def first(self) -> date:
        """The night that was published before Airflow came."""
        return self.last - timedelta(days=7)

    def context(self) -> Context:
        return open_context(self.settings)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Notes how long the block took, to be told at the end."""
        start = time.monotonic()
        yield
        self.seconds[what] = time.monotonic() - start

    def health(self) -> dict[str, str]:
        """What compose's health checks find wrong, by component; asked side by side."""

        def fault(component: str) -> str:
            command, told = self.asked[component]
            ended = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
            return "" if ended.returncode == 0 else f"{ended.returncode}: {ended.stdout[-300:]}{ended.stderr[-300:]}"

        with ThreadPoolExecutor(max_workers=len(self.asked)) as beside:
            return {name: said for name, said in zip(self.asked, beside.map(fault, self.asked), strict=True) if said}

    def pause(self, dag: str, paused: bool) -> None:
        self.airflow.call(f"/api/v2/dags/{dag}", {"is_paused": paused}, method="PATCH")

    def trigger(self, dag: str, *, as_of: date | None = None, user: str = "operator") -> str:
        """Start a run as this user; its id."""
        asked = {"logical_date": None} | ({"partition_key": as_of.isoformat()} if as_of else {})
        return str(self.airflow.call(f"/api/v2/dags/{dag}/dagRuns", asked, user=user)["dag_run_id"])

    def runs(self, dag: str) -> list[dict[str, Any]]:
        return list(self.airflow.call(f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"])

    def tasks(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        return list(self.airflow.call(f"{self._run(dag, run_id)}/taskInstances?limit=100")["task_instances"])

    def tries(self, dag: str, run_id: str, task: str) -> list[tuple[int, str]]:
        """(attempt, how it ended) of every attempt at a task."""
        told = self.airflow.call(f"{self._run(dag, run_id)}/taskInstances/{task}/tries")["task_instances"]
        return sorted((one["try_number"], one["state"]) for one in told)

    def ended(self, dag: str, run_id: str, *, seconds: float = 420) -> str:
        """How the run ended; when badly, the test fails with what its tasks said."""
        state = self.wait(lambda: self._ended(dag, run_id), what=f"{dag} {run_id} to end", seconds=seconds)
        assert state == "success", self._told(dag, run_id)
        return str(state)

    def wait(self, look: Callable[[], Any], *, what: str, seconds: float = 240, every: float = 0.3) -> Any:
        """What `look` gives once it gives something; fails the test when that takes too long."""
        until = time.monotonic() + seconds
        while not (seen := look()):
            self.airflow.check()
            assert time.monotonic() < until, f"waited {seconds:.0f} s for {what}; logs in {self.airflow.folder}"
            time.sleep(every)
        return seen

    def drop(self) -> int:
        """Land the deliveries of the last day, receipts after their files, as senders do; how many."""
        landing = layout.landing(self.settings.home)
        dropped = sorted(path for path in self.aside.rglob("*") if path.is_file())
        for path in sorted(dropped, key=lambda path: (path.name.endswith(".receipt.json"), path.name)):
            shutil.move(path, landing / path.relative_to(self.aside))
        return sum(path.name.endswith(".receipt.json") for path in dropped)

    def _run(self, dag: str, run_id: str) -> str:
        return f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run_id, safe='')}"

    def state(self, dag: str, run_id: str) -> str:
        return str(self.airflow.call(self._run(dag, run_id))["state"])

    def _ended(self, dag: str, run_id: str) -> str | None:
        state = self.state(dag, run_id)
        return state if state in ENDED else None

    def _told(self, dag: str, run_id: str) -> str:
        states = {one["task_id"]: one["state"] for one in self.tasks(dag, run_id)}
        logs = sorted(self.airflow.folder.rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime)
        return f"{dag} {run_id}: {states}\n" + "\n".join(log.read_text()[-1500:] for log in logs[-2:])


@contextmanager
def standing(folder: Path, *, server: str) -> Iterator[Standing]:
    """Home and Airflow, made side by side; both are gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    last = last_night(datetime.now(ZoneInfo("UTC")))
    api, logs, triggerer_logs, health = free_ports(4)
    place = Place(folder, Ports(api, logs, triggerer_logs), health, server, surroundings=os.environ, more=HURRY)
    services = declared_services()
    # As the image holds it: nothing is compiled by whoever starts first.
    compileall.compile_dir(PROJECT / "pipeline", quiet=1)
    with databases(place, services["databases"]):
        declared = {name: started_as(services[name], place) for name in ("migrate", *COMPONENTS)}
        _, in_tasks = declared["scheduler"]
        settings = read_settings({name: value for name, value in in_tasks.items() if name.startswith("RISKSTRAT_")})
        airflow = Airflow(_seen_by_a_person(in_tasks, declared["api-server"][1]), COMPONENTS, declared)
        asked = {name: asked_as(services[name], place) for name in COMPONENTS}
        stands = Standing(airflow=airflow, settings=settings, last=last, aside=folder / "aside", asked=asked)
        beside = ThreadPoolExecutor(max_workers=1)
        coming = beside.submit(_come_up, airflow)
        try:
            with stands.timed("region, model and a first night, beside Airflow's start"):
                make_region(settings, people=PEOPLE, last=last, plan=small_plan())
                hold_aside(settings, stands.aside, received_on=last)
                context = stands.context()
                take_in(context, as_of=last - timedelta(days=1), hold_back=True)
                context.ledger.engine.dispose()
                coming.result()
            yield stands
        finally:
            # Waits: what is still being started could not be stopped.
            beside.shutdown()
            airflow.stop()


def hold_aside(settings: Settings, aside: Path, *, received_on: date) -> None:
    """Move the deliveries whose receipts bear this day out of the landing area."""
    landing = layout.landing(settings.home)
    for receipt in sorted(landing.glob("[!_]*/*.receipt.json")):
        if not str(json.loads(receipt.read_text())["received_at"]).startswith(received_on.isoformat()):
            continue
        name = receipt.name.removesuffix(".receipt.json")
        for path in sorted(receipt.parent.glob(f"{name}*")):
            target = aside / path.relative_to(landing)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def processes(title: str) -> list[int]:
    """Processes of this machine that call themselves exactly so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = path.read_bytes()
        except OSError:
            continue
        if said.replace(b"\0", b" ").decode(errors="replace").strip() == title:
            found.append(int(path.parent.name))
    return found


@contextmanager
def databases(place: Place, service: Mapping[str, Any]) -> Iterator[None]:
    """Secrets drawn, and the databases and logins that compose's own service makes; gone afterwards."""
    assert make_secrets.main([str(place.secrets)]) == 0
    set_secrets_in_place(place)
    command, told = started_as(service, place)
    try:
        made = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        yield
    finally:
        engine = create_engine(place.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name in ("airflow", "ledger", "vault"):
                connection.execute(text(f"drop database if exists {name} with (force)"))
            for name in ("airflow", "ledger", "ledger_owner", "vault", "riskstrat_scoring", "riskstrat_identities"):
                connection.execute(text(f"drop role if exists {name}"))
        engine.dispose()


def _seen_by_a_person(in_tasks: Mapping[str, str], at_the_page: Mapping[str, str]) -> dict[str, str]:
    """Airflow's commands as in the scheduler's container, and where the page is and who may sign in."""
    page = ("AIRFLOW__API__BASE_URL", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE")
    return {**in_tasks, **{name: at_the_page[name] for name in page}}


def _come_up(airflow: Airflow) -> None:
    airflow.migrate()
    airflow.start()
    airflow.wait_until_ready(dags=dag_names(), seconds=300)
