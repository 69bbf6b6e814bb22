"""A night's stages in their order, and one date that never carries two runs unasked."""

from datetime import date
from typing import Any

import pytest
from run_home import enter_edition, enter_model, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import runs, steps
from pipeline.steps.at_hand.context import Context
from pipeline.steps.night.nightly import STAGES, run_stage
from pipeline.steps.run.run import open_run, policy_of_run

NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    return context


def other_policy(context: Context) -> None:
    def change(policy: dict[str, Any]) -> None:
        policy["note"] = "changed"

    write_policy(context.settings, change)


@pytest.mark.parametrize("stage", ["score", "segment", "register", "publish"])
def test_a_stage_before_its_time_says_which_comes_first(context: Context, stage: str) -> None:
    run = open_run(context, as_of=NIGHT, knowledge="then")
    with pytest.raises(UserError, match="needs features.*riskstrat features --as-of 2026-11-15"):
        run_stage(context, stage, run=run)
    assert steps.find_step(context.ledger, scope=run.run_key, step=stage) is None


def test_a_run_is_finished_with_its_last_stage_and_not_before(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.steps.at_hand.context import StepResult

    monkeypatch.setattr(
        "pipeline.steps.night.nightly.STAGES", {name: lambda c, run: StepResult({"n": 1}) for name in STAGES}
    )
    run = open_run(context, as_of=NIGHT, knowledge="then")
    for name in STAGES:
        found = runs.get_run(context.ledger, run.run_key)
        assert found is not None and found.state == "started"
        run_stage(context, name, run=run)
    found = runs.get_run(context.ledger, run.run_key)
    assert found is not None and found.state == "finished"
    assert found.counts == {f"{name}.n": 1 for name in STAGES}


def test_a_night_half_published_is_not_gone_on_with_under_another_key(context: Context) -> None:
    run = open_run(context, as_of=NIGHT, knowledge="then")
    enter_edition(context, run, as_of=NIGHT)
    other_policy(context)
    with pytest.raises(UserError, match="1 packs published.*--correct REASON"):
        open_run(context, as_of=NIGHT, knowledge="then")
    corrected = open_run(context, as_of=NIGHT, knowledge="then", correction="the note was wrong")
    assert corrected.kind == "nightly" and corrected.run_key != run.run_key


def test_a_policy_changed_between_stages_stops_the_next_one(context: Context) -> None:
    run = open_run(context, as_of=NIGHT, knowledge="then")
    assert policy_of_run(context, run).digest == run.inputs["policy"]
    other_policy(context)
    with pytest.raises(UserError, match="changed since the run was frozen"):
        policy_of_run(context, run)


def test_a_correction_may_carry_what_came_late(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-9")], at="2026-11-16T09:00:00")
    run = open_run(context, as_of=NIGHT, knowledge="now", correction="late discharge codes")
    assert run.kind == "nightly"
    assert len(runs.run_deliveries(context.ledger, run.run_key)) == 3
