"""Lineage: a start and an end for each step, valid by OpenLineage's own classes, with names and no values."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from run_home import enter_model, write_policy
from small_home import ANN, BEN, deliver, entry, patient, small_context
from told_night import NIGHT

from pipeline.channels import lineage_file
from pipeline.channels.lineage_file import Column, Dataset, Event, append_events
from pipeline.contracts.settings import PROJECT, Settings
from pipeline.errors import ChannelError, UserError
from pipeline.rules.stages import STAGES as NAMES
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.lineage import run_id, stage_of
from pipeline.steps.at_hand.lineage_datasets import PLACES, STAGES
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.night.nightly import run_stage
from pipeline.steps.run.run import open_run

SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Two people linked and turned into events; a model that is promoted."""
    from pipeline.contracts.settings import read_settings

    context = small_context(read_settings({"RISKSTRAT_HOME": str(tmp_path_factory.mktemp("lineage") / "home")}))
    write_policy(context.settings, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    link(context)
    events(context)
    enter_model(context, "model")
    return context


def told(settings: Settings) -> list[dict[str, Any]]:
    files = sorted((settings.home / "lineage").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_linkage_and_events_are_told_with_their_tables_and_columns(linked: Context) -> None:
    mine = [one for one in told(linked.settings) if one["job"]["name"] in ("link", "events")]
    assert [(one["job"]["name"], one["eventType"]) for one in mine[:4]] == [
        ("link", "START"), ("link", "COMPLETE"), ("events", "START"), ("events", "COMPLETE"),
    ]  # fmt: skip
    for one in mine:
        assert one["schemaURL"] == SPEC and UUID(one["run"]["runId"]).version == 5
        assert (
            datetime.fromisoformat(one["eventTime"]).tzinfo is not None and one["producer"] == "urn:riskstrat:pipeline"
        )
    assert mine[0]["run"]["runId"] == mine[1]["run"]["runId"] != mine[2]["run"]["runId"]
    done = {one["name"]: one for one in mine[1]["inputs"]}
    fields = done["identified/clean/gp_event"]["facets"]["schema"]["fields"]
    assert {"nhs_number", "snomed_code"} <= {one["name"] for one in fields} and all(one["type"] for one in fields)
    assert "pseudonymised/event" in {one["name"] for one in mine[3]["outputs"]}
    assert "schema" not in mine[0]["inputs"][0]["facets"]


def test_a_stage_is_told_under_its_run_with_the_night_as_its_parent(
    linked: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = open_run(linked, as_of=NIGHT, knowledge="then")
    stages = {name: lambda c, run: StepResult({"rows": 7}) for name in NAMES}
    monkeypatch.setattr("pipeline.steps.night.nightly.STAGES", stages)
    run_stage(linked, "features", run=run)
    run_stage(linked, "score", run=run)
    start, done = [one for one in told(linked.settings) if one["job"]["name"] == "score"]
    assert [start["eventType"], done["eventType"]] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == done["run"]["runId"] == run_id(run.run_key, "score")
    assert done["run"]["facets"]["parent"]["run"]["runId"] == run_id(run.run_key, "night")
    assert done["run"]["facets"]["nominalTime"]["nominalStartTime"] == "2026-11-16T02:00:00+00:00"
    [out] = done["outputs"]
    assert (out["name"], out["facets"]["version"]["datasetVersion"]) == ("pseudonymised/score", run.run_key)
    assert out["outputFacets"]["outputStatistics"]["rowCount"] == 7
    assert [one["name"] for one in done["inputs"]] == ["pseudonymised/feature", "models"]
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [(one["step"], one["event"]) for one in lines] == [
        ("features", "started"), ("features", "finished"), ("score", "started"), ("score", "finished"),
    ]  # fmt: skip
    assert lines[3]["run_key"] == run.run_key and lines[3]["counts"] == {"rows": 7} and "dropped" not in lines[3]


def test_a_step_that_fails_is_told_by_the_kind_of_its_error_alone(
    linked: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(context: Context, run: object) -> StepResult:
        raise UserError(f"of {ANN} something is wrong")

    run = open_run(linked, as_of=NIGHT.replace(day=20), knowledge="then")
    monkeypatch.setattr("pipeline.steps.night.nightly.STAGES", {name: fails for name in NAMES})
    with pytest.raises(UserError):
        run_stage(linked, "features", run=run)
    last = told(linked.settings)[-1]
    assert last["eventType"] == "FAIL" and last["run"]["facets"]["errorMessage"]["message"] == "UserError"
    assert last["run"]["runId"] == run_id(run.run_key, "features")


def test_no_value_and_no_path_of_the_machine_is_in_it(linked: Context) -> None:
    text = "".join(file.read_text() for file in (linked.settings.home / "lineage").iterdir())
    assert ANN not in text and "FAMILY1" not in text and str(linked.settings.home) not in text
    assert not re.search(r"p[0-9a-f]{8}_[0-9a-f]{32}", text)


def test_every_stage_names_what_the_data_flow_map_names(linked: Context) -> None:
    flows = yaml.safe_load((PROJECT / "docs" / "safety" / "flow.yml").read_text())["flows"]
    assert tuple(STAGES) == NAMES
    for source, step, target in flows:
        if step in STAGES and source != "codelists":  # code lists travel with the code: no table of a night
            reads, writes = STAGES[step]
            assert source in reads and target in writes, (source, step, target)
    named = {name for pair in STAGES.values() for names in pair for name in names if not name.startswith("table.")}
    assert named == set(PLACES)
    run = open_run(linked, as_of=NIGHT, knowledge="then")
    features = stage_of(linked, run, "features").datasets[1]
    columns = next(one.columns for one in features if one.name == "pseudonymised/feature")
    assert len(columns) > 150 and all(one.says for one in columns)
    register = stage_of(linked, run, "publish").datasets[1][0]
    assert register.name == "registers" and "nhs_number" in {one.name for one in register.columns}


def test_the_lines_are_read_again_by_the_library_as_what_they_are(tmp_path: Path) -> None:
    at = datetime(2026, 11, 16, 2, 5, tzinfo=UTC)
    made = Event(
        "COMPLETE", at, run_id("0123", "score"), "score", (Dataset("a", "1", (Column("x", "text", "a thing"),)),),
        (Dataset("b", rows=3),), at, (run_id("0123", "night"), "night"), "",
    )  # fmt: skip
    append_events(tmp_path / "deep" / "x.jsonl", [made, made], producer="https://example.org/x")
    first, second = (tmp_path / "deep" / "x.jsonl").read_text().splitlines()
    assert first == second
    read = json.loads(first)
    assert set(read) == {"eventTime", "eventType", "inputs", "job", "outputs", "producer", "run", "schemaURL"}
    facets = [
        read["run"]["facets"],
        read["job"]["facets"],
        read["inputs"][0]["facets"],
        read["outputs"][0]["outputFacets"],
    ]
    for facet in (one for each in facets for one in each.values()):
        assert facet["_producer"] == "https://example.org/x"
        assert re.match(r"https://openlineage\.io/spec/facets/\d+-\d+-\d+/\w+\.json#/\$defs/\w+$", facet["_schemaURL"])


def test_a_night_goes_on_when_it_cannot_be_told_of(
    linked: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*given: object, **named: object) -> None:
        raise ChannelError("The lineage could not be written")

    monkeypatch.setattr("pipeline.steps.at_hand.lineage.append_events", full)
    assert events(linked).counts == {"deliveries": 0, "rows": 0}
    assert "lineage not written" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError) as raised:
        append_events(tmp_path / "file" / "x.jsonl", [], producer="https://example.org/x")
    assert str(tmp_path) not in str(raised.value) and raised.value.__cause__ is None


def test_the_library_is_not_loaded_before_there_is_something_to_tell() -> None:
    assert "import openlineage" not in Path(lineage_file.__file__).read_text().partition("def append_events")[0]
