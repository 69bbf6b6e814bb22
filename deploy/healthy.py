"""Whether a container of the image is well: exit code 0, or 1 with a line that says why not.

`python deploy/healthy.py [COMPONENT]`, for a container's health check. Without a component it looks at what the
container was started with. A batch container (`riskstrat …`) is well while it runs: its exit code says how it ended.
API server and scheduler answer over HTTP; DAG processor and triggerer are known by their heartbeat in the database.
"""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

SECONDS = 20
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
JOBS = {"dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}


def component_of(command_line: bytes) -> str | None:
    """The component that this command line (words ended by NUL, or a title a process gave itself) starts, or None."""
    words = command_line.decode(errors="replace").replace("\0", " ").replace("_", "-").split()
    if not any(Path(word).name == "airflow" for word in words):
        return None
    return next((word for word in words if word in COMPONENTS), None)


def address_of(component: str) -> str:
    """Where the component says how it is; ports as Airflow is told them."""
    if component == "scheduler":
        port, path = os.environ.get("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT", "8974"), "/health"
    else:
        port, path = os.environ.get("AIRFLOW__API__PORT", "8080"), "/api/v2/monitor/health"
    return f"http://127.0.0.1:{port}{path}"


def fault_of(component: str) -> str | None:
    """What is wrong with the component of this container; None when it is well."""
    if component in JOBS:
        asked = ["airflow", "jobs", "check", "--job-type", JOBS[component], "--local"]
        ended = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=False)
        return None if ended.returncode == 0 else f"no heartbeat of a {JOBS[component]} of this container"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        # Airflow answers 503 for what is not well, which is raised.
        with opener.open(address_of(component), timeout=SECONDS) as answer:
            answer.read()
    except OSError as error:
        return f"{address_of(component)}: {error}"
    return None


def main(arguments: list[str]) -> int:
    component = arguments[0] if arguments else component_of(Path("/proc/1/cmdline").read_bytes())
    if component is None:
        return 0
    if component not in COMPONENTS:
        print(f"no component {component}; known: {', '.join(COMPONENTS)}")
        return 1
    try:
        fault = fault_of(component)
    except subprocess.TimeoutExpired:
        fault = f"no answer within {SECONDS} s"
    if fault is not None:
        print(f"{component}: {fault}")
    return int(fault is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
