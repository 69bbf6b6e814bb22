"""Rerun: the same run key, told in the audit, and nothing else under an old name."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from run_home import enter_model
from told_night import NIGHT, STAGES, Night, copied, published_night

from pipeline.errors import PipelineError, UserError
from pipeline.ledger import audit, runs, steps
from pipeline.ledger.recalls import record_recall
from pipeline.ledger.registers import list_editions
from pipeline.steps.at_hand.context import StepResult
from pipeline.steps.night.rerun import ACTION, changed_since, rerun, told
from pipeline.steps.run.run import open_run
from pipeline.store import layout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return published_night(tmp_path_factory.mktemp("rerun") / "home")


@pytest.fixture
def night(made: Night, tmp_path: Path) -> Night:
    """A copy, to be changed."""
    return copied(made, tmp_path / "home")


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Stages that give a digest each; what is put in its place is what that stage gives."""
    gives: dict[str, str | None] = {name: f"digest of {name}" for name in STAGES}
    stages = {name: lambda c, run, name=name: StepResult({"n": 1}, gives[name]) for name in STAGES}
    monkeypatch.setattr("pipeline.steps.night.nightly.STAGES", stages)
    return gives


def again(night: Night, stage: str = "score", **given: Any) -> Any:
    return rerun(night.context, as_of=NIGHT, from_stage=stage, who="A. Operator", reason="a lost disk", **given)


def acts(night: Night) -> list[tuple[str, str]]:
    return [(one.who, one.subject) for one in audit.list_entries(night.context.ledger, action=ACTION)]


def test_the_stage_and_all_after_it_are_done_again_under_the_same_key(night: Night, did: dict[str, str | None]) -> None:
    before = runs.get_run(night.context.ledger, night.run.run_key)
    first = again(night)
    assert list(first.same) == ["score", "segment", "register", "watch", "publish"]
    assert set(first.same.values()) == {None}
    second = again(night, "watch", run_key=night.run.run_key)
    assert dict(second.same) == {"watch": True, "publish": True}
    assert told(second) == ["watch: the same as before", "publish: the same as before"]
    assert acts(night) == [
        ("A. Operator", "night of 2026-11-15 from score: a lost disk"),
        ("A. Operator", "night of 2026-11-15 from watch: a lost disk"),
    ]
    assert runs.get_run(night.context.ledger, night.run.run_key) == before
    assert len(runs.list_runs(night.context.ledger)) == 1
    assert layout.run_page(night.context.settings.home, NIGHT, night.run.run_key).is_file()


def test_another_result_under_the_same_key_stops_ahead_of_what_is_out(night: Night, did: dict[str, str | None]) -> None:
    again(night)
    did["register"] = "another"
    with pytest.raises(PipelineError, match="register gave something else.*1 packs are out"):
        again(night)
    publish = steps.find_step(night.context.ledger, scope=night.run.run_key, step="publish")
    assert publish is not None and publish.digest == "digest of publish"
    assert len(acts(night)) == 2


def other_policy(night: Night) -> None:
    file = night.context.settings.policy_file
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"note": "changed"}))


@pytest.mark.parametrize(
    ("name", "digest"), [("policy", None), ("code", "code_digest"), ("reference", "reference_digest")]
)
def test_what_has_changed_is_named_and_nothing_is_done(
    night: Night, monkeypatch: pytest.MonkeyPatch, did: dict[str, str | None], name: str, digest: str | None
) -> None:
    if digest is None:
        other_policy(night)
    else:
        monkeypatch.setattr(f"pipeline.steps.run.run.{digest}", lambda project: "other")
    assert changed_since(night.context, night.run) == [name]
    with pytest.raises(UserError, match=f"has changed since it was frozen: {name}.*--correct"):
        again(night)
    assert acts(night) == []


def test_another_champion_since_changes_nothing_of_this_run(night: Night) -> None:
    enter_model(night.context, "second")
    assert changed_since(night.context, night.run) == []


def test_a_recalled_edition_is_not_brought_back(night: Night, did: dict[str, str | None]) -> None:
    [edition] = list_editions(night.context.ledger)
    record_recall(night.context.ledger, edition=edition, who="A", reason="wrong", at=night.run.started_at)
    with pytest.raises(UserError, match="recalled.*--correct"):
        again(night)
    assert acts(night) == []


@pytest.mark.parametrize(("who", "reason"), [("", "why"), ("A", " "), ("A", "see 999 000 0018")])
def test_it_needs_a_name_and_a_reason_that_may_be_kept(night: Night, who: str, reason: str) -> None:
    with pytest.raises(UserError):
        rerun(night.context, as_of=NIGHT, from_stage="score", who=who, reason=reason)
    assert acts(night) == []


def test_a_stage_whose_forerunner_never_finished_is_not_begun(night: Night) -> None:
    settings = night.context.settings.model_copy(update={"now": datetime(2026, 11, 23, 7, tzinfo=UTC)})
    later = open_run(replace(night.context, settings=settings), as_of=NIGHT.replace(day=22), knowledge="then")
    with pytest.raises(UserError, match="needs features"):
        rerun(night.context, as_of=later.as_of, from_stage="publish", who="A", reason="why")
