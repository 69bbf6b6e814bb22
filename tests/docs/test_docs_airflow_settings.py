"""Settings and metrics of Airflow that the documentation names are the installed Airflow's, and none is deprecated."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.settings import PROJECT

# Sections of providers that are not installed here.
NOT_HERE = {"CELERY", "KUBERNETES_EXECUTOR"}
FILES = sorted([*(PROJECT / "docs").glob("**/*.md"), *(PROJECT / "deploy").glob("**/*.y*ml"), PROJECT / "compose.yaml"])
PAGE = PROJECT / "docs" / "watching-the-pipeline.md"


def airflow_file(*names: str) -> Path:
    spec = find_spec("airflow")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]).joinpath(*names)


@pytest.fixture(scope="module")
def options() -> dict[tuple[str, str], dict[str, Any]]:
    """(section, option) of the core's configuration, as environment variables write them."""
    declared = yaml.safe_load(airflow_file("config_templates", "config.yml").read_text(encoding="utf-8"))
    return {
        (section.upper(), option.upper()): told
        for section, content in declared.items()
        for option, told in content["options"].items()
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_a_setting_that_is_named_is_there_and_not_deprecated(
    options: dict[tuple[str, str], dict[str, Any]], file: Path
) -> None:
    for section, option in re.findall(r"AIRFLOW__([A-Z0-9]+(?:_[A-Z0-9]+)*)__([A-Z0-9_]+)", file.read_text("utf-8")):
        if section in NOT_HERE:
            continue
        told = options.get((section, option)) or options.get((section, option.removesuffix("_CMD")))
        assert told is not None, f"{section}/{option}"
        assert "version_deprecated" not in told, f"{section}/{option}: {told.get('deprecation_reason')}"


def test_what_is_deprecated_would_be_found(options: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert "version_deprecated" in options["METRICS", "OTEL_HOST"]


def test_metrics_that_are_named_are_airflows() -> None:
    template = airflow_file("_shared", "observability", "metrics", "metrics_template.yaml")
    known = {one["name"] for one in yaml.safe_load(template.read_text(encoding="utf-8"))["metrics"]}
    table = PAGE.read_text(encoding="utf-8").partition("| Airflow's metric |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z_.]+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:])))
    assert named and not named - known
