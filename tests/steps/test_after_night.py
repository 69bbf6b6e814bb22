"""A report that cannot be written: the night stays as it was, and nobody can fail to hear of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError
from told_night import NIGHT, STAGES, Night, copied, published_night

from pipeline.contracts.settings import PROJECT
from pipeline.errors import PipelineError
from pipeline.ledger import runs
from pipeline.ledger.stops import list_stops
from pipeline.steps.at_hand.context import StepResult
from pipeline.steps.night import after_night as step
from pipeline.steps.night import nightly as night_step
from pipeline.steps.night.after_night import after_night, report_night
from pipeline.steps.night.nightly import nightly
from pipeline.steps.tell.alerts import alerts_of_night
from pipeline.steps.tell.run_report import page_of
from pipeline.steps.tell.status import status
from pipeline.store import layout

WRITERS = ("write_run_report", "write_metrics")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return published_night(tmp_path_factory.mktemp("after") / "home")


@pytest.fixture
def night(made: Night, tmp_path: Path) -> Night:
    return copied(made, tmp_path / "home")


def fails(error: Exception) -> Callable[..., Any]:
    def failing(*_: object, **__: object) -> None:
        raise error

    return failing


def findings(night: Night) -> list[str]:
    return [one.alert for one in status(night.context).findings]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("error", [OSError(28, "No space left"), TemplateError("a place"), PipelineError("not ours")])
def test_the_night_stays_published_and_everybody_hears_of_it(
    night: Night, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], writer: str, error: Exception
) -> None:
    context, run = night.context, night.run
    report_night(context, run=run)
    assert "report_unwritten" not in findings(night)
    monkeypatch.setattr(step, writer, fails(error))
    assert after_night(context, run=run) == {"pages": 0, "samples": 0}
    told = capsys.readouterr()
    assert f"could not be written ({type(error).__name__})" in told.out
    assert f"riskstrat run-report --as-of {NIGHT} --run-key {run.run_key}" in told.out
    line = json.loads(told.err.splitlines()[-1])
    assert (line["event"], line["level"], line["step"]) == ("the report was not written", "error", "report")
    # The page that lay there told of the night before this end of it.
    assert not layout.run_page(context.settings.home, NIGHT, run.run_key).exists()
    assert runs.get_run(context.ledger, run.run_key) == run
    assert "report_unwritten" in findings(night)
    alerts = {one.name: one for one in alerts_of_night(context, run)}
    assert alerts["report_unwritten"].subjects == (str(NIGHT),)
    assert "night_not_finished" not in alerts
    assert page_of(context, run).stops == ()
    monkeypatch.undo()
    report_night(context, run=run)
    assert "report_unwritten" not in findings(night)


def test_whoever_asks_for_the_report_is_told_why_it_is_not_there(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "write_run_report", fails(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        report_night(night.context, run=night.run)


@pytest.fixture
def a_night(night: Night, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs the next night with stages that do nothing, but for those given."""

    def runs_it(**others: Callable[..., StepResult]) -> None:
        stages = {name: others.get(name, lambda *_, **__: StepResult({"n": 1}, "digest")) for name in STAGES}
        monkeypatch.setattr(night_step, "STAGES", stages)
        monkeypatch.setattr(night_step, "take_in", lambda *_, **__: None)
        nightly(night.context, as_of=NIGHT.replace(day=22), hold_back=True)

    return runs_it


def test_a_night_whose_report_fails_ends_well(
    night: Night, a_night: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "write_run_report", fails(ValueError("a word")))
    a_night()
    [run] = runs.list_runs(night.context.ledger, as_of=NIGHT.replace(day=22))
    assert run.state == "finished" and "report_unwritten" in findings(night)


def test_a_fault_inside_a_stage_has_its_page_and_is_raised_as_it_was_though_the_page_fails_too(
    night: Night, a_night: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ZeroDivisionError):
        a_night(score=fails(ZeroDivisionError()))
    [run] = runs.list_runs(night.context.ledger, as_of=NIGHT.replace(day=22))
    page = layout.run_page(night.context.settings.home, run.as_of, run.run_key)
    assert "It stopped at score" in page.read_text()
    monkeypatch.setattr(step, "write_run_report", fails(ValueError("a word")))
    with pytest.raises(ZeroDivisionError):
        a_night(score=fails(ZeroDivisionError()))
    assert [one.step for one in list_stops(night.context.ledger, as_of=run.as_of)] == ["score", "score", "report"]
    # What kept the registers is told, not that its page is missing too.
    alerts = {one.name for one in alerts_of_night(night.context, run) if one.is_open}
    assert "night_not_finished" in alerts and "report_unwritten" not in alerts


def test_its_runbook_says_how_to_write_it_again() -> None:
    text = (PROJECT / "docs" / "runbooks" / "night-did-not-finish.md").read_text()
    assert "> The report of a night could not be written: …" in text
    assert "riskstrat run-report --as-of" in text
