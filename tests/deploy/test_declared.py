"""What is declared for a site (compose.yaml, the files for Celery and Kubernetes) fits image, settings and DAGs.

No container engine is asked: files are read and held against each other. The image itself: tests/image.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.model import load_plan
from pipeline.contracts.safety import load_safety_case
from pipeline.contracts.settings import PROJECT, VARIABLES

sys.path.insert(0, str(PROJECT / "deploy"))
import healthy
import make_secrets

DOCKERFILE = (PROJECT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text())
CELERY = yaml.safe_load((PROJECT / "deploy" / "celery" / "compose.celery.yaml").read_text())
VALUES = yaml.safe_load((PROJECT / "deploy" / "kubernetes" / "values.yaml").read_text())
POD = yaml.safe_load((PROJECT / "deploy" / "kubernetes" / "pod-template.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = {**COMPOSE["services"], "worker": CELERY["services"]["worker"]}
OURS = sorted(name for name, service in SERVICES.items() if "riskstrat" in service["image"])
LONG_LIVED = ["api-server", "dag-processor", "scheduler", "triggerer", "worker"]
HOME, KEYS, LOGS = "/var/lib/riskstrat", "/var/lib/riskstrat-keys", "/var/lib/airflow/logs"
# Of providers that are not in the image, as they declare them: Celery's read in apache-airflow-providers-celery 3.26.0;
# Kubernetes' is from memory, check before use. Which are sensitive, so that a command may give them.
OF_PROVIDERS = {
    ("celery", "broker_url"): True,
    ("celery", "result_backend"): True,
    ("celery", "worker_concurrency"): False,
    ("kubernetes_executor", "pod_template_file"): False,
}
# Where settings of Airflow's are named, in code, in files for a site or in words.
NAMED_IN = ("compose.yaml", "Dockerfile", "Makefile", "deploy/**/*", "docs/**/*.md", "tests/e2e/*.py")


def environments() -> Iterator[tuple[str, str, str]]:
    """(where, name, value) of every variable that anything declared sets."""
    for name, service in {**SERVICES, "celery scheduler": CELERY["services"]["scheduler"]}.items():
        yield from ((name, key, str(value)) for key, value in service.get("environment", {}).items())
    listed = [*VALUES["env"], *VALUES["scheduler"]["env"], *POD["spec"]["containers"][0]["env"]]
    yield from (("kubernetes", one["name"], str(one.get("value", ""))) for one in listed)
    for name, value in re.findall(r"\b((?:AIRFLOW__|RISKSTRAT_)\w+)=(\S+)", DOCKERFILE):
        yield "Dockerfile", name, value


@pytest.fixture(scope="module")
def options() -> dict[tuple[str, str], dict[str, Any]]:
    """Airflow's own declaration of its settings, by section and option."""
    import importlib.util

    spec = importlib.util.find_spec("airflow")
    assert spec is not None and spec.origin is not None
    file = Path(spec.origin).parent / "config_templates" / "config.yml"
    declared = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {(s, o): one for s, section in declared.items() for o, one in section["options"].items()}


def test_every_variable_is_one_that_somebody_reads(options: dict[tuple[str, str], dict[str, Any]]) -> None:
    told = list(environments())
    assert len(told) > 50
    known = {**{key: one.get("sensitive", False) for key, one in options.items()}, **OF_PROVIDERS}
    for where, name, _ in told:
        if name.startswith("RISKSTRAT_"):
            assert name in VARIABLES, f"{where}: {name}"
        elif name.startswith("AIRFLOW__"):
            assert setting(name) in known, f"{where}: {name}"
            # Airflow runs the command of a sensitive option only.
            assert not name.endswith("_CMD") or known[setting(name)], f"{where}: {name}"


def test_every_setting_of_airflow_that_is_named_anywhere_is_one(options: dict[tuple[str, str], dict[str, Any]]) -> None:
    named = [
        (path.relative_to(PROJECT), name)
        for pattern in NAMED_IN
        for path in PROJECT.glob(pattern)
        if path.is_file() and path.suffix != ".pyc"
        for name in re.findall(r"AIRFLOW__[A-Z0-9_]*[A-Z0-9]", path.read_text())
    ]
    assert len({path for path, _ in named}) >= 8 and len({name for _, name in named}) > 30
    assert [(path, name) for path, name in named if setting(name) not in {*options, *OF_PROVIDERS}] == []


def setting(variable: str) -> tuple[str, str]:
    """Section and option that an environment variable of Airflow's sets."""
    section, _, option = variable.removeprefix("AIRFLOW__").lower().partition("__")
    return section, option.removesuffix("_cmd")


def test_no_password_is_written_down() -> None:
    for where, name, value in environments():
        assert not re.search(r"://[^/@\s]*:[^/@\s]+@", value), f"{where}: {name} holds a password"
        if re.search(r"PASSWORD|SECRET|FERNET", name):
            assert name.endswith(("_FILE", "_CMD", "_USERS")) and (
                value.startswith(("/", "cat /run/")) or "USERS" in name
            )


def test_every_secret_is_drawn_and_every_drawn_one_is_used() -> None:
    declared = {**COMPOSE["secrets"], **CELERY["secrets"]}
    assert {name: Path(one["file"]) for name, one in declared.items()} == {
        name: Path("secrets") / name for name in make_secrets.files()
    }
    services = [*SERVICES.values(), *CELERY["services"].values()]
    assert {name for service in services for name in service.get("secrets", [])} == set(declared)
    for name, service in SERVICES.items():
        text = json.dumps([service.get("environment"), service.get("command")])
        assert set(re.findall(r"/run/secrets/([\w.]+)", text)) == set(service.get("secrets", [])), name


def test_only_what_runs_tasks_reaches_people() -> None:
    """Home, keys, ledger and vault: for tasks, for the callbacks of dead tasks, and for a person's own commands."""
    reach = {"scheduler", "dag-processor", "worker", "riskstrat"}
    assert {name for name in OURS if any(f":{HOME}" in one for one in SERVICES[name].get("volumes", []))} == reach
    assert {name for name in OURS if "RISKSTRAT_VAULT_URL" in SERVICES[name].get("environment", {})} == reach
    assert {name for name in OURS if "pgpass_tasks" in SERVICES[name].get("secrets", [])} == reach
    assert {name for name in OURS if "pipeline" in SERVICES[name]["networks"]} == {*reach, "databases"}
    assert all(COMPOSE["networks"][name]["internal"] for name in ("airflow", "pipeline"))
    opened = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert opened == {"api-server": ["127.0.0.1:8080:8080"]}


def test_containers_are_the_images_user_without_privileges() -> None:
    assert "USER riskstrat" in DOCKERFILE and f"--uid {make_secrets.USER} " in DOCKERFILE
    assert len(OURS) >= 8
    for name in OURS:
        service = SERVICES[name]
        assert "user" not in service and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    for spec in (POD["spec"]["securityContext"], VALUES["securityContexts"]["pod"]):
        assert spec["runAsNonRoot"] is True and spec["runAsUser"] == make_secrets.USER


def test_what_is_mounted_is_made_for_the_user_in_the_image() -> None:
    """A named volume takes its owner from the folder of the image; one that is not there belongs to root."""
    made = re.search(r"install -d -m 700 -o riskstrat (.+?)$", DOCKERFILE, re.MULTILINE)
    assert made is not None
    folders = set(made.group(1).split())
    for name in OURS:
        for volume in SERVICES[name].get("volumes", []):
            source, target = volume.split(":")[:2]
            assert source in COMPOSE["volumes"] and target in folders, f"{name}: {volume}"
    mounts = [*VALUES["scheduler"]["extraVolumeMounts"], *POD["spec"]["containers"][0]["volumeMounts"]]
    assert {one["mountPath"] for one in mounts} == {HOME, KEYS} <= folders


def test_long_lived_services_are_asked_how_they_are() -> None:
    assert sorted(name for name in OURS if SERVICES[name].get("restart")) == LONG_LIVED
    for name in LONG_LIVED:
        check = SERVICES[name]["healthcheck"]
        if name != "worker":
            assert check["test"] == ["CMD", "python", "/app/deploy/healthy.py", name] and name in healthy.COMPONENTS
        assert check["start_period"] == "120s"
    assert all(SERVICES[name]["healthcheck"]["test"][1] == "pg_isready" for name in ("airflow-db", "pipeline-db"))
    assert "/app/deploy/healthy.py" in re.findall(r"HEALTHCHECK .+$", DOCKERFILE, re.MULTILINE)[0]
    for part in ("scheduler", "dagProcessor", "triggerer"):
        assert VALUES[part]["livenessProbe"]["command"][:2] == ["python", "/app/deploy/healthy.py"]
        assert VALUES[part]["livenessProbe"]["command"][2] in healthy.COMPONENTS


def test_what_a_service_runs_is_in_the_image() -> None:
    copied = set(re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.MULTILINE))
    kept = {line.removeprefix("!") for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    text = (PROJECT / "compose.yaml").read_text() + json.dumps(VALUES) + DOCKERFILE
    named = set(re.findall(r"/app/([\w./-]+)", text))
    assert {"dags/pools.json", "deploy/healthy.py", "deploy/databases.py"} <= named
    for path in named:
        assert (PROJECT / path).exists() and {path.split("/")[0]} <= copied & kept, path
    assert "docs/safety" in copied & kept


def test_the_image_holds_what_promotion_reads(tmp_path: Path) -> None:
    """A tree of exactly what the Dockerfile copies: the safety case, the models and the policies are in it."""
    for place in re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.MULTILINE):
        source, target = PROJECT / place, tmp_path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    assert load_safety_case(tmp_path) == load_safety_case(PROJECT)
    assert load_plan(tmp_path, "emergency_admission_12m") == load_plan(PROJECT, "emergency_admission_12m")
    assert load_alerts(tmp_path, tmp_path) == load_alerts(PROJECT, tmp_path)


def test_components_are_airflows_own_and_there_is_one_of_each() -> None:
    started = {
        name: (service.get("command") or [""])[-1].split("airflow ")[-1]
        for name, service in COMPOSE["services"].items()
        if name in LONG_LIVED
    }
    assert started == {name: name for name in healthy.COMPONENTS}
    first = COMPOSE["services"]["migrate"]["depends_on"]
    assert first == {"databases": {"condition": "service_completed_successfully"}}
    for name in healthy.COMPONENTS:
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
