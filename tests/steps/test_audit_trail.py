"""What a night leaves in the audit, and what a person reads of it."""

from datetime import date
from typing import Any

import pytest
from run_home import enter_model, write_policy
from small_home import ANN, deliver, entry, patient, small_context

from pipeline.__main__ import main
from pipeline.contracts.settings import Settings
from pipeline.errors import GateClosed, UserError
from pipeline.ledger import audit, steps
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.model.promote import promote
from pipeline.steps.run.run import open_run
from pipeline.steps.upkeep.audit_trail import lines, verified
from pipeline.steps.upkeep.new_keys import new_keys

NIGHT = date(2026, 11, 15)


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "model")
    return context


def test_a_run_is_entered_once_with_the_digests_of_what_it_is_made_of(context: Context) -> None:
    run = open_run(context, as_of=NIGHT, knowledge="then")
    assert open_run(context, as_of=NIGHT, knowledge="then").run_key == run.run_key
    (frozen,) = audit.list_entries(context.ledger, action="freeze_run", run_key=run.run_key)
    for name in ("code", "policy", "deliveries", "model_id"):
        assert f"{name}={run.inputs[name]}" in frozen.subject
    assert frozen.counts == {"deliveries": 2}


def test_each_source_is_entered_as_open_or_closed_with_the_reason(context: Context) -> None:
    def change(policy: dict[str, Any]) -> None:
        by_name = {one["source"]: one for one in policy["sources"] if one["purpose"] == "case_finding"}
        by_name["social_care"]["valid_to"] = date(2026, 11, 1)
        policy["sources"] = [one for one in policy["sources"] if one["source"] != "outpatient"]

    write_policy(context.settings, change)
    run = open_run(context, as_of=NIGHT, knowledge="then")
    (gates,) = audit.list_entries(context.ledger, action="gates", run_key=run.run_key)
    assert "gp open to score (FICTITIOUS-DEMO-001) and show (FICTITIOUS-DEMO-001)" in gates.subject
    assert "social_care closed: entry ended on 2026-11-01" in gates.subject
    assert "outpatient closed: no entry in the policy" in gates.subject
    assert gates.counts == {"open": 5, "closed": 2}


def test_a_gate_that_stops_the_night_is_entered(context: Context) -> None:
    def change(policy: dict[str, Any]) -> None:
        policy["sources"] = [one for one in policy["sources"] if one["source"] != "gp"]

    write_policy(context.settings, change)
    with pytest.raises(GateClosed):
        open_run(context, as_of=NIGHT, knowledge="then")
    (stopped,) = audit.list_entries(context.ledger, action="gate_closed")
    assert "no valid basis for GP data" in stopped.subject


def test_each_step_is_entered_with_its_counts(context: Context) -> None:
    run = open_run(context, as_of=NIGHT, knowledge="then")
    steps.start_step(context.ledger, scope=run.run_key, step="score", at=context.now())
    counts = {"people_in": 3, "people_scored": 2}
    steps.finish_step(context.ledger, scope=run.run_key, step="score", at=context.now(), counts=counts, digest="d1")
    (told,) = audit.list_entries(context.ledger, action="step", run_key=run.run_key)
    assert (told.subject, told.counts) == (f"score of {run.run_key}, digest d1", counts)


def test_a_promotion_is_entered_with_its_reason(context: Context) -> None:
    promote(context, model_id="model", who="A. Name", reason="minutes of 16 November", despite="minute 4")
    told = audit.list_entries(context.ledger, action="promote")[-1]
    assert (told.who, told.counts) == ("A. Name", {"reason": "minutes of 16 November", "despite": "minute 4"})


def test_keys_are_entered_by_id_when_they_are_made(home: Settings) -> None:
    new_keys(home, who="operator")
    context = open_context(home)
    (told,) = audit.list_entries(context.ledger, action="create_keys")
    assert told.subject == " ".join(f"{purpose}={name}" for purpose, name in context.keys.ids.items())
    assert context.keys.person.hex() not in told.subject
    assert home.audit_anchor.is_file()


def test_the_command_says_that_the_audit_is_whole_or_names_what_is_not(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RISKSTRAT_HOME", str(home.home))
    new_keys(home, who="operator")
    assert main(["audit", "verify"]) == 0
    said = capsys.readouterr().out.strip()
    head = said.rsplit(" ", 1)[1]
    assert main(["audit", "verify", "--head", head]) == 0
    assert main(["audit", "verify", "--head", "7:" + "0" * 64]) == 2
    assert "audit rows 2 to 7 were cut off at the end" in capsys.readouterr().err
    assert main(["audit", "list", "--action", "create_keys"]) == 0
    assert "operator: person=" in capsys.readouterr().out


def test_rows_are_listed_by_day(context: Context) -> None:
    promote(context, model_id="model", who="A. Name", reason="r", despite="r")
    today = context.now().date()
    told = lines(context, action="promote", since=today, until=today)
    assert told and all(f"{today}" in line and "promote" in line for line in told)
    assert lines(context, action=None, since=date(2020, 1, 1), until=date(2020, 1, 2)) == []


def test_a_head_that_is_none_is_refused(context: Context) -> None:
    with pytest.raises(UserError, match="number:digest"):
        verified(context, known="nonsense")
