"""The safety case holds together and to the code: places, tests and pages it names are there, and its rules bite."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from project_pages import PROJECT, inline_code, text_of

from pipeline.contracts.safety import MATRIX, SEVERITIES, Rating, SafetyCase, load_safety_case
from pipeline.errors import ContractError
from pipeline.steps.docs import flow as docs_flow
from pipeline.steps.docs.flow import data_flow_page

CASE = load_safety_case(PROJECT)
TOLD = [one for one in CASE.controls if one.kind != "design"]
PLACE = re.compile(r"pipeline(\.\w+)+:\w+")
TEST = re.compile(r"tests/[\w/]+\.py::\w+")


@pytest.mark.parametrize("control", TOLD, ids=lambda one: one.control)
def test_what_people_are_told_stands_on_its_page(control) -> None:
    assert control.phrase in " ".join(text_of(control.page).split())


def test_the_log_has_hazards_enough_and_is_honest_about_what_is_open() -> None:
    assert len(CASE.hazards) >= 20
    assert [one.hazard for one in CASE.hazards] == [f"HAZ-{n:02d}" for n in range(1, len(CASE.hazards) + 1)]
    assert any(one.status == "open" for one in CASE.hazards)
    # What still is a risk of 4 or 5 with its controls may not be called controlled.
    assert [one.hazard for one in CASE.hazards if one.status == "controlled" and one.residual.risk >= 4] == []


def test_a_risk_rises_with_severity_and_with_likelihood() -> None:
    rows = list(MATRIX.values())[::-1]
    assert all(list(row) == sorted(row) and len(row) == len(SEVERITIES) for row in rows)
    assert all(list(column) == sorted(column) for column in zip(*rows, strict=True))
    assert Rating(severity="catastrophic", likelihood="very_high").risk == 5


def test_pages_by_hand_name_places_and_tests_that_exist() -> None:
    text = text_of("docs/safety/intended-purpose.md")
    places = [code for code in inline_code(text) if PLACE.fullmatch(code)]
    tests = [code for code in inline_code(text) if TEST.fullmatch(code)]
    assert len(places) > 5 and len(tests) > 5
    for place in places:
        module, _, name = place.partition(":")
        assert f"def {name}(" in text_of(f"{module.replace('.', '/')}.py"), place
    for test in tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in text_of(path), test


def content() -> dict[str, Any]:
    controls = [
        one
        for path in sorted((PROJECT / "docs" / "safety").glob("controls-*.yml"))
        for one in yaml.safe_load(path.read_text())["controls"]
    ]
    hazards = yaml.safe_load(text_of("docs/safety/hazards.yml"))["hazards"]
    return {
        "controls": controls,
        "hazards": hazards,
        "threat_model": yaml.safe_load(text_of("docs/safety/threats.yml")),
    }


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a control without a test": (lambda one: one["controls"][0].pop("proved_by"), "has place, proved_by and removed"),
    "a control that no one rests on": (
        lambda one: one["controls"].append({**one["controls"][0], "control": "idle"}),
        "rests on: idle",
    ),
    "an unknown control": (lambda one: one["hazards"][0]["controls"].append("nothing"), "declared under: nothing"),
    "a hazard twice": (lambda one: one["hazards"].append(one["hazards"][0]), "a hazard stands twice"),
    "nothing controls it": (
        lambda one: one["hazards"][0].update(controls=[], residual=one["hazards"][0]["initial"]),
        "nothing controls it",
    ),
    "a risk that rose": (
        lambda one: one["hazards"][0].update(residual={"severity": "catastrophic", "likelihood": "very_high"}),
        "above the one before",
    ),
    "open without a word": (lambda one: one["hazards"][0].update(status="open"), "says what remains"),
    "an unknown boundary": (lambda one: one["threat_model"]["threats"][0].update(boundary="moon"), "under: moon"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_hold_together_is_refused(fault: str) -> None:
    change, says = FAULTS[fault]
    found = content()
    SafetyCase.model_validate(found)
    change(found)
    with pytest.raises(ValueError, match=says):
        SafetyCase.model_validate(found)


def drifted(project: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A project whose flow file says something else, everything else being this one's."""
    for name in ("sql", "expectations", "policy", "pipeline"):
        (project / name).symlink_to(PROJECT / name)
    (project / "docs" / "safety").mkdir(parents=True)
    flow = yaml.safe_load(text_of("docs/safety/flow.yml"))
    change(flow)
    (project / docs_flow.FLOW).write_text(yaml.safe_dump(flow, sort_keys=False))
    return project


DRIFTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a place is missing": (lambda flow: flow["places"].pop(0), "layout.landing is in no place"),
    "a place that is not there": (
        lambda flow: flow["places"].append({"name": "cellar", "says": "x", "kept": "as x"}),
        "there is no layout.cellar",
    ),
    "a retention is missing": (lambda flow: flow["elsewhere"].remove("audit"), "the retention audit is of no place"),
    "a step that does not go there": (
        lambda flow: flow["flows"].append(["landing", "segment", "table.segment"]),
        "segment: its modules do not name landing",
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_map_that_does_not_fit_the_code_is_not_written(tmp_path: Path, drift: str) -> None:
    change, says = DRIFTS[drift]
    with pytest.raises(ContractError, match=re.escape(says)):
        data_flow_page(drifted(tmp_path, change))


def test_the_map_knows_what_is_identifiable() -> None:
    page = data_flow_page(PROJECT)
    assert '["registers (identifiable)"]' in page
    assert '["pseudonymised"]' in page
    assert "| `identified/clean/<extract>` |" in page
