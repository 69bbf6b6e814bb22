"""Airflow's components as processes of this machine: started together, watched, and stopped with all their children.

For `make airflow` and for the test that runs a real Airflow. It starts API server, scheduler and DAG processor (and a
triggerer, where asked) on ports of the caller's choice, with accounts whose passwords Airflow draws itself. What a
production site needs instead is in docs/deploy-compose.md. Standard library only: nothing of the pipeline is imported.
"""

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
POOLS = PROJECT / "dags" / "pools.json"
COMPONENTS = ("api-server", "scheduler", "dag-processor")
PASSWORDS = "simple_auth_manager_passwords.json.generated"
# Name and role: an administrator, one who may run DAGs, one who may only look.
USERS = {"admin": "admin", "operator": "user", "viewer": "viewer"}
STOPS_WITHIN_SECONDS = 30


class AirflowFault(Exception):
    """Airflow did not come up, or a component ended by itself; the message says which and where its log is."""


@dataclass(frozen=True)
class Ports:
    """Where the API server (with the pages for people) and the two log servers listen."""

    api: int
    logs: int
    triggerer_logs: int


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on now."""
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the machine."""
    with socket.socket() as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asking.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def environment(
    base: Mapping[str, str], *, folder: Path, ports: Ports, database: str | None = None, parallelism: int = 2
) -> dict[str, str]:
    """What every component is told: `folder` becomes AIRFLOW_HOME; no `database` means SQLite there.

    Settings of another Airflow that the caller's environment may hold are left out.
    """
    address = f"http://127.0.0.1:{ports.api}"
    told = {name: value for name, value in base.items() if not name.startswith("AIRFLOW")}
    told |= {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database or f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # Each worker is a process of its own, and a task uses several threads.
        "AIRFLOW__CORE__PARALLELISM": str(parallelism),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        # Tasks speak to the API server: this address must follow the port.
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports.api),
        "AIRFLOW__API__WORKERS": "1",
        # One secret for all components, new with every start.
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports.logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports.triggerer_logs),
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT), base.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
    }
    return told


def dag_names() -> list[str]:
    """The DAGs that the project declares, as their runbooks are headed."""
    found = (re.match(r'"""### ([a-z_]+)', path.read_text()) for path in sorted((PROJECT / "dags").glob("*.py")))
    return [heading.group(1) for heading in found if heading]


def airflow(*arguments: str) -> list[str]:
    """The command line of Airflow in this environment's Python."""
    return [sys.executable, "-m", "airflow", *arguments]


@dataclass
class Airflow:
    """The components of one Airflow, and its REST API as one of its users sees it."""

    environment: Mapping[str, str]
    components: tuple[str, ...] = COMPONENTS
    # A component's (or migrate's) own command line and environment, where they are declared elsewhere.
    declared: Mapping[str, tuple[list[str], Mapping[str, str]]] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return Path(self.environment["AIRFLOW_HOME"])

    @property
    def address(self) -> str:
        return self.environment["AIRFLOW__API__BASE_URL"]

    def log_of(self, component: str) -> Path:
        return self.folder / f"{component}.log"

    def migrate(self) -> None:
        """Make Airflow's database, or bring it to this version's tables; raises AirflowFault."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        command, told = self.declared.get("migrate", (airflow("db", "migrate"), self.environment))
        with self.log_of("migrate").open("wb") as log:
            ended = subprocess.run(command, env=dict(told), stdout=log, stderr=subprocess.STDOUT, check=False)
        if ended.returncode != 0:
            raise AirflowFault(f"airflow db migrate ended with {ended.returncode}; see {self.log_of('migrate')}")

    def start(self) -> None:
        """Start every component in a session of its own, so that Ctrl-C reaches this program alone."""
        for component in self.components:
            command, told = self.declared.get(component, (airflow(component), self.environment))
            with self.log_of(component).open("wb") as log:
                self.running[component] = subprocess.Popen(
                    command,
                    env=dict(told),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def wait_until_ready(self, *, dags: Iterable[str], seconds: float = 180) -> None:
        """Until the API answers, scheduler and DAG processor have a heartbeat, and these DAGs are known."""
        until = time.monotonic() + seconds
        while not self._is_ready(dags):
            self.check()
            if time.monotonic() > until:
                raise AirflowFault(f"Airflow was not ready after {seconds:.0f} s; its logs are in {self.folder}")
            time.sleep(0.5)

    def make_pools(self) -> None:
        """The pools that the DAGs name (dags/pools.json): without them nothing would be scheduled."""
        for name, pool in json.loads(POOLS.read_text()).items():
            with contextlib.suppress(urllib.error.HTTPError):
                self.call("/api/v2/pools", {"name": name, **pool})
            self.call(f"/api/v2/pools/{name}")

    def check(self) -> None:
        """Raises AirflowFault when a component has ended by itself."""
        for component, process in self.running.items():
            if process.poll() is not None:
                raise AirflowFault(
                    f"{component} ended by itself with {process.returncode}; see {self.log_of(component)}"
                )

    def stop(self) -> None:
        """Ask every component to end, then end what is left of their sessions; nothing remains."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + STOPS_WITHIN_SECONDS
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, until - time.monotonic()))
        for process in self.running.values():
            for left in members_of_session(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)
            process.wait()
        self.running.clear()

    def passwords(self) -> dict[str, str]:
        """User name to password: as Airflow drew them at its first start, or as a file of the caller's says."""
        named = self.environment.get("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", self.folder / PASSWORDS)
        return dict(json.loads(Path(named).read_text()))

    def call(self, path: str, body: object = None, *, method: str | None = None, user: str | None = "admin") -> Any:
        """What the REST API answers, as JSON; raises urllib.error.HTTPError for what it refuses."""
        headers = {"Content-Type": "application/json"}
        if user is not None:
            headers["Authorization"] = f"Bearer {self._token(user)}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            self.address + path, data=data, headers=headers, method=method or ("GET" if body is None else "POST")
        )
        # The address is this machine's own; a proxy of the surroundings must not be asked for it.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=30) as answer:
            return json.load(answer)

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            login = {"username": user, "password": self.passwords()[user]}
            self._tokens[user] = self.call("/auth/token", login, user=None)["access_token"]
        return self._tokens[user]

    def _is_ready(self, dags: Iterable[str]) -> bool:
        try:
            health = self.call("/api/v2/monitor/health", user=None)
            parts = ["metadatabase", "scheduler", "dag_processor", *({"triggerer"} & set(self.components))]
            if any(health[part]["status"] != "healthy" for part in parts):
                return False
            for dag in dags:
                self.call(f"/api/v2/dags/{dag}")
        except (OSError, ValueError, KeyError):
            # Not listening yet, no passwords drawn yet, or a DAG not read yet (HTTPError is an OSError).
            return False
        return True


def members_of_session(leader: int) -> list[int]:
    """Processes whose session was begun by this one, itself included; needs /proc, and is empty without it."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # "pid (name) state parent group session …"; a name may hold spaces and brackets.
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            if session == str(leader) and state != "Z":
                found.append(int(stat.parent.name))
    return found
