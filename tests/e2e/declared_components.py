"""What compose.yaml declares, as processes of this machine: the very commands, environments and health checks.

Read from the file, with the variables that the image sets (Dockerfile). Only what a container has and a process has not
is put in place: folders for volumes and secrets, the database server's address, ports, and the settings handed in.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from local_airflow import Ports
from sqlalchemy import make_url

from pipeline.contracts.settings import PROJECT

IMAGE = re.compile(r"\b((?:AIRFLOW_|RISKSTRAT_|PYTHON|GX_)\w+)=(\S+)")
# What a process of the image's user has of its surroundings.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")

Command = tuple[list[str], dict[str, str]]


@dataclass(frozen=True)
class Place:
    """Where on this machine lies what containers find under fixed names."""

    folder: Path
    ports: Ports
    health_port: int
    server: str
    surroundings: Mapping[str, str]
    # Seconds for minutes, and what else a test sets beyond the file.
    more: Mapping[str, str]

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def here(self, text: str) -> str:
        """The text with every folder, address and default of a variable as they are on this machine."""
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        if re.match(r"postgresql\+psycopg2://\w+@[\w-]+/\w+$", text):
            declared, place = make_url(text), make_url(self.server)
            return place.set(username=declared.username, database=declared.database).render_as_string(False)
        for name, path in self._folders().items():
            text = text.replace(name, path)
        return re.sub(r"http://(api-server|localhost):8080", f"http://127.0.0.1:{self.ports.api}", text)

    def _folders(self) -> dict[str, str]:
        """Longer names before those that they begin with."""
        return {
            "/run/secrets": str(self.secrets),
            "/var/lib/riskstrat-keys": str(self.folder / "keys"),
            "/var/lib/riskstrat": str(self.folder / "home"),
            "/var/lib/airflow": str(self.folder / "airflow"),
            "/app/": f"{PROJECT}/",
        }


def declared_services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"])


def started_as(service: Mapping[str, Any], place: Place) -> Command:
    """Command line and environment with which compose would start the service's container."""
    words = [*service["entrypoint"], *service.get("command", [])]
    return [place.here(word) for word in words], _environment(service, place)


def asked_as(service: Mapping[str, Any], place: Place) -> Command:
    """Command line and environment with which Docker would ask how the service's container is."""
    kind, *words = service["healthcheck"]["test"]
    assert kind == "CMD"
    return [place.here(word) for word in words], _environment(service, place)


def set_secrets_in_place(place: Place) -> None:
    """Password files name the two servers of compose.yaml; here one server holds all databases."""
    at = make_url(place.server)
    host, port = str(at.query.get("host") or at.host), at.port or 5432
    for path in place.secrets.glob("pgpass_*"):
        path.write_text(
            re.sub(r"^(airflow|pipeline)-db:5432:", f"{host}:{port}:", path.read_text(), flags=re.MULTILINE)
        )


def _environment(service: Mapping[str, Any], place: Place) -> dict[str, str]:
    image = dict(IMAGE.findall("\n".join(_image_lines())))
    told = {**image, **{name: str(value) for name, value in service.get("environment", {}).items()}}
    ports = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(place.ports.api),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(place.health_port),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(place.ports.logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(place.ports.triggerer_logs),
        "PYTHONPATH": str(PROJECT),
    }
    around = {name: value for name, value in place.surroundings.items() if name in INHERITED}
    # `airflow` and `python` are those of the environment that the image would hold.
    around["PATH"] = f"{Path(sys.executable).parent}:{around.get('PATH', '')}"
    return {**around, **{name: place.here(value) for name, value in told.items()}, **ports, **place.more}


def _image_lines() -> list[str]:
    """Lines of the Dockerfile's ENV instructions, those that go on included."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.startswith("ENV ")]
