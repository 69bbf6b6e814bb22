"""`make airflow`: a real Airflow on this machine with the demo region, from nothing to a page one can click on.

Makes the invented region unless the home holds one, starts the components, unpauses every DAG, prints address and
login, and stops everything on Ctrl-C. Listens on this machine only; for a site see docs/deploy-compose.md.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent))
from local_airflow import (
    PROJECT,
    USERS,
    Airflow,
    AirflowFault,
    Ports,
    dag_names,
    environment,
    free_ports,
    is_free,
)

USUAL_PORT = 8080


def main() -> int:
    """The exit code: 0 when it was stopped by a person, 1 when something did not work."""
    wanted = arguments()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, frame: stop(stopped, number, frame))
    try:
        home = wanted.home.resolve()
        started = with_ports(wanted, home=home)
        try:
            bring_up(started, wanted, home=home)
            tell(started, home=home)
            while not stopped.wait(2):
                started.check()
        finally:
            say("stopping")
            started.stop()
            say("stopped; nothing of it runs any more")
    except (AirflowFault, KeyboardInterrupt) as fault:
        if isinstance(fault, AirflowFault):
            print(f"[airflow] {fault}", file=sys.stderr)
            return 1
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make airflow", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("RISKSTRAT_HOME", PROJECT / "riskstrat-data")))
    parser.add_argument("--folder", type=Path, default=PROJECT / "airflow-home", help="Airflow's own data and logs")
    parser.add_argument("--people", type=int, default=2000, help="size of the region, where one must be made")
    parser.add_argument(
        "--port", type=int, help=f"for the page and the API (default {USUAL_PORT}, or one that is free)"
    )
    return parser.parse_args()


def with_ports(wanted: argparse.Namespace, *, home: Path) -> Airflow:
    """The Airflow to be, on ports that are free; raises AirflowFault when the one asked for is taken."""
    spare, *others = free_ports(3)
    if wanted.port is not None and not is_free(wanted.port):
        raise AirflowFault(f"port {wanted.port} is taken by another program: name another one, or none")
    port = wanted.port or (USUAL_PORT if is_free(USUAL_PORT) else spare)
    if wanted.port is None and port != USUAL_PORT:
        say(f"port {USUAL_PORT} is taken by another program; {port} is used")
    ports = Ports(api=port, logs=others[0], triggerer_logs=others[1])
    told = environment(os.environ, folder=wanted.folder.resolve(), ports=ports)
    told["RISKSTRAT_HOME"] = str(home)
    return Airflow(told)


def bring_up(started: Airflow, wanted: argparse.Namespace, *, home: Path) -> None:
    """Region, database and components side by side; then every DAG is unpaused."""
    with region_in_the_making(started, home=home, people=wanted.people) as region:
        say("making Airflow's database")
        started.migrate()
        say(f"starting {', '.join(started.components)}")
        started.start()
        started.wait_until_ready(dags=dag_names())
        started.make_pools()
        if region is not None:
            say("waiting for the region")
            if region.wait() != 0:
                raise AirflowFault(f"the region was not made ({region.returncode}); see {started.log_of('region')}")
    for dag in started.call("/api/v2/dags")["dags"]:
        started.call(f"/api/v2/dags/{dag['dag_id']}", {"is_paused": False}, method="PATCH")


@contextlib.contextmanager
def region_in_the_making(started: Airflow, *, home: Path, people: int) -> "Iterator[subprocess.Popen[bytes] | None]":
    """The process that makes the region, ended with the block; None where the home holds deliveries already."""
    if (home / "landing").exists():
        say(f"using the home that is there: {home}")
        yield None
        return
    say(f"inventing a region of about {people:,} people in {home}, with a model and a first night (a minute or two)")
    started.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, str(PROJECT / "deploy" / "region.py"), "--people", str(people)]
    told = dict(started.environment)
    with started.log_of("region").open("wb") as log:
        region = subprocess.Popen(
            command, env=told, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield region
    finally:
        if region.poll() is None:
            region.terminate()
            say(f"the region was not finished: remove {home} before the next start")
        region.wait()


def tell(started: Airflow, *, home: Path) -> None:
    passwords = started.passwords()
    say("")
    say(f"open {started.address} in a browser")
    for name, role in USERS.items():
        say(f"  {name:<9} password {passwords[name]}   ({role})")
    say(f"the home is {home}; Airflow's data and logs are in {started.folder}")
    say("Ctrl-C stops everything")


def stop(stopped: threading.Event, number: int, frame: FrameType | None) -> None:
    """The first signal ends whatever is being waited for, and the wait at the end."""
    if stopped.is_set():
        return
    stopped.set()
    raise KeyboardInterrupt


def say(line: str) -> None:
    print(f"[airflow] {line}" if line else "", flush=True)


if __name__ == "__main__":
    sys.exit(main())
