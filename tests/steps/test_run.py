"""The run: its key changes with every input and with nothing else, and a frozen night is found again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from run_home import AT, NIGHT, enter_edition, enter_model, finish, opened, two_people, write_policy
from small_home import BEN, DISSENT, deliver, entry, small_context

from pipeline.contracts.settings import Settings, read_settings
from pipeline.errors import ContractError, GateClosed, ModelUnfit, UserError
from pipeline.ledger import backfills, models, registers, runs
from pipeline.ledger.deliveries import record_verdict
from pipeline.ledger.recalls import record_recall
from pipeline.steps.at_hand.context import Context
from pipeline.steps.backfill.run import Wanted, backfill
from pipeline.steps.model.promote import promote
from pipeline.steps.night.nightly import nightly
from pipeline.steps.run import run as step
from pipeline.steps.run.run import MODEL, open_run
from pipeline.steps.scheduled.tasks import freeze_night, take_in_night
from pipeline.store import layout
from pipeline.store.keys import create_keys


@pytest.fixture
def context(home: Settings) -> Context:
    """Two people, a policy and a promoted model."""
    return two_people(home)


def another_delivery(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-2")], at="2026-11-15T21:00:00")


def other_content(context: Context) -> None:
    """The same delivery, validated again with another outcome."""
    record_verdict(
        context.ledger, delivery_id="gp_event.GPS01.20261115T200000Z", state="accepted", content_digest="other",
        rows_in=1, rows_valid=1,
    )  # fmt: skip


def a_dissent_after_the_cut_off(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-9", DISSENT)], at="2026-11-20T20:00:00")


def a_changed_policy(context: Context) -> None:
    write_policy(context.settings, lambda policy: policy.update(note="Reworded."))


CHANGES = {
    "delivery set": another_delivery,
    "content of a delivery": other_content,
    "dissent known only now": a_dissent_after_the_cut_off,
    "policy": a_changed_policy,
    "model": lambda context: enter_model(context, "second"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_input_changes_the_key(context: Context, change: str) -> None:
    before = opened(context)
    finish(context, before)
    CHANGES[change](context)
    after = opened(context)
    assert after.run_key != before.run_key
    assert after.state == "started"


@pytest.mark.parametrize("changed", ["published", "recalled"])
def test_a_finished_night_goes_on_from_the_editions_it_was_frozen_with(context: Context, changed: str) -> None:
    """What was published or recalled since changes the nights that have yet to finish, and today's knowledge."""
    earlier = opened(context, as_of=date(2026, 11, 8))
    enter_edition(context, earlier, as_of=date(2026, 11, 1))
    if changed == "recalled":
        enter_edition(context, earlier, as_of=date(2026, 11, 8))
    frozen = opened(context)

    def change() -> None:
        if changed == "published":
            enter_edition(context, earlier, as_of=date(2026, 11, 8))
            return
        [last] = registers.list_editions(context.ledger, as_of=date(2026, 11, 8))
        record_recall(context.ledger, edition=last, who="A. Operator", reason="wrong model", at=AT)

    change()
    unfinished = opened(context)
    assert unfinished.run_key != frozen.run_key
    assert dict(unfinished.inputs["previous_editions"])["F83671"] == (
        "practice.F83671.2026-11-08.r1" if changed == "published" else "practice.F83671.2026-11-01.r1"
    )
    assert unfinished.inputs["recalled"] == (["practice.F83671.2026-11-08.r1"] if changed == "recalled" else [])
    finish(context, frozen)
    assert opened(context).run_key == frozen.run_key
    assert opened(context, knowledge="now").inputs["previous_editions"] == unfinished.inputs["previous_editions"]
    corrected = open_run(context, as_of=NIGHT, knowledge="then", correction="a ward was missing")
    assert corrected.inputs["previous_editions"] == unfinished.inputs["previous_editions"]


@pytest.mark.parametrize("name", ["code_digest", "reference_digest"])
def test_the_code_and_the_reference_change_the_key(
    context: Context, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened(context)
    monkeypatch.setattr(step, name, lambda project: "another")
    assert opened(context).run_key != before.run_key


def test_date_knowledge_and_keys_change_the_key(context: Context, tmp_path: Path) -> None:
    one = opened(context)
    found = {one.run_key, opened(context, as_of=date(2026, 11, 16)).run_key, opened(context, knowledge="now").run_key}
    other = Context(settings=context.settings, ledger=context.ledger, keys=create_keys(tmp_path / "others"))
    found.add(opened(other).run_key)
    assert len(found) == 4


def test_clock_and_threads_do_not_change_the_key(context: Context) -> None:
    one = opened(context)
    finish(context, one)
    settings = context.settings.model_copy(update={"threads": 1, "now": datetime(2027, 5, 1, tzinfo=UTC)})
    assert opened(Context(settings=settings, ledger=context.ledger, keys=context.keys)).run_key == one.run_key


def test_what_arrives_after_the_cut_off_is_not_in_the_night_but_in_todays_knowledge(context: Context) -> None:
    night = opened(context)
    finish(context, night)
    late = deliver(context, "gp_event", [entry(BEN, "O-9")], at="2026-11-16T02:00:00")
    assert opened(context).run_key == night.run_key
    now = opened(context, knowledge="now")
    assert now.kind == "replay"
    assert late in runs.run_deliveries(context.ledger, now.run_key)
    assert late not in runs.run_deliveries(context.ledger, night.run_key)


def test_a_night_that_was_killed_goes_on_with_its_frozen_deliveries(context: Context) -> None:
    night = opened(context)
    late = deliver(context, "gp_event", [entry(BEN, "O-9")], at="2026-11-15T23:00:00")
    again = opened(context)
    assert again == night
    assert late not in runs.run_deliveries(context.ledger, again.run_key)
    finish(context, night)
    assert late in runs.run_deliveries(context.ledger, opened(context).run_key)


def test_a_finished_night_is_made_anew_only_as_a_replay_or_as_a_correction(context: Context) -> None:
    night = opened(context)
    finish(context, night)
    a_changed_policy(context)
    assert opened(context).kind == "replay"
    corrected = open_run(context, as_of=NIGHT, knowledge="then", correction="a ward was missing")
    assert (corrected.kind, corrected.inputs["correction"]) == ("nightly", "a ward was missing")
    assert corrected.run_key != night.run_key


def test_a_night_whose_policy_changed_since_it_was_killed_is_another(context: Context) -> None:
    night = opened(context)
    a_changed_policy(context)
    assert opened(context).run_key != night.run_key


def test_a_night_before_a_published_one_is_a_replay(context: Context) -> None:
    later = opened(context, as_of=date(2026, 11, 22))
    enter_edition(context, later, as_of=date(2026, 11, 22))
    assert opened(context).kind == "replay"
    assert opened(context, as_of=date(2026, 11, 22)).kind == "nightly"


AHEAD = date(2026, 12, 22)


def at(context: Context, now: datetime) -> Context:
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


@pytest.mark.parametrize("correction", [None, "a ward was missing"])
def test_a_night_that_has_not_come_is_refused_and_nothing_frozen(context: Context, correction: str | None) -> None:
    evening = datetime(2026, 11, 15, 18, tzinfo=UTC)
    before = at(context, evening - timedelta(seconds=1))
    with pytest.raises(
        UserError, match="night of 2026-11-15 has not come.*2026-11-15 17:59 UTC.*RISKSTRAT_NOW"
    ) as told:
        open_run(before, as_of=NIGHT, knowledge="then", correction=correction)
    assert told.value.exit_code == 2
    assert runs.list_runs(context.ledger) == []
    assert opened(at(context, evening)).kind == "nightly"


def test_a_date_typed_a_month_ahead_is_refused_before_anything_is_taken_in(context: Context) -> None:
    environment = {"RISKSTRAT_HOME": str(context.settings.home), "RISKSTRAT_NOW": "2026-11-23T06:00:00+00:00"}
    land = (layout.landing(context.settings.home) / "GPS01").mkdir
    land(parents=True)
    asks = (
        lambda: nightly(at(context, datetime(2026, 11, 23, 6, tzinfo=UTC)), as_of=AHEAD, hold_back=False),
        lambda: take_in_night(environment, as_of=str(AHEAD)),
        lambda: freeze_night(environment, as_of=str(AHEAD)),
        lambda: freeze_night(environment, as_of=str(AHEAD), by="backfill"),
        lambda: backfill(read_settings(environment), wanted=Wanted(NIGHT, AHEAD, "day", "then")),
    )
    for ask in asks:
        with pytest.raises(UserError, match="has not come"):
            ask()
    assert runs.list_runs(context.ledger) == []
    assert backfills.list_backfills(context.ledger) == []
    assert not (context.settings.home / "reports").exists()


def test_a_night_of_an_invented_region_may_lie_ahead_of_the_clock(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.steps.night.nightly.STAGES", {})
    early = at(context, datetime(2026, 11, 1, tzinfo=UTC))
    assert nightly(early, as_of=NIGHT, hold_back=True).run.started_at == datetime(2026, 11, 16, 2, tzinfo=UTC)


def test_a_recalled_night_makes_no_replay_of_those_before_it(context: Context) -> None:
    """As one published under a mistyped date before such dates were refused: of a night the last revision counts."""
    for revision in (1, 2):
        enter_edition(context, opened(context, as_of=date(2026, 11, 22)), as_of=date(2026, 11, 22), revision=revision)
    first, second = registers.list_editions(context.ledger)
    assert opened(context).kind == "replay"
    record_recall(context.ledger, edition=first, who="A. Operator", reason="wrong date", at=AT)
    assert opened(context).kind == "replay"
    record_recall(context.ledger, edition=second, who="A. Operator", reason="wrong date", at=AT)
    assert opened(context).kind == "nightly"


def test_without_a_promoted_model_nobody_is_scored(home: Settings) -> None:
    context = small_context(home)
    write_policy(home, lambda policy: None)
    with pytest.raises(ModelUnfit, match="No model is promoted"):
        opened(context)
    assert runs.list_runs(context.ledger) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda policy: policy["sources"][0].update(valid_to=date(2026, 11, 15)), "no valid basis for GP data"),
        (lambda policy: policy["sources"][0].update(use=["show"]), "no valid basis for GP data"),
        (lambda policy: policy["sources"].pop(0), "no valid basis for GP data"),
        (lambda policy: policy["sources"][6].update(national_data_opt_out_applies=True), "applies to social_care"),
        (lambda policy: [entry.update(valid_to=date(2026, 11, 15)) for entry in policy["practices"]], "No practice"),
    ],
    ids=["expired", "not for scoring", "another purpose", "national opt-out", "no agreement"],
)
def test_the_gate_is_closed_and_no_run_frozen(
    context: Context,
    change: Callable[[dict[str, Any]], object],
    says: str,
) -> None:
    write_policy(context.settings, change)
    with pytest.raises(GateClosed, match=says) as caught:
        opened(context)
    assert caught.value.exit_code == 13
    assert runs.list_runs(context.ledger) == []


def test_an_unused_source_to_which_the_opt_out_applies_does_not_close_it(context: Context) -> None:
    def away(policy: dict[str, Any]) -> None:
        policy["sources"][6].update(national_data_opt_out_applies=True, valid_to=date(2026, 11, 15))

    write_policy(context.settings, away)
    assert opened(context).kind == "nightly"


def test_no_policy_no_run(context: Context) -> None:
    context.settings.policy_file.unlink()
    with pytest.raises(ContractError, match="no policy file"):
        opened(context)


@pytest.mark.parametrize("reason", ["row of 999 000 0018", " "])
def test_a_reason_that_may_not_be_kept_makes_no_run(context: Context, reason: str) -> None:
    with pytest.raises(UserError, match="--correct"):
        open_run(context, as_of=NIGHT, knowledge="then", correction=reason)
    assert runs.list_runs(context.ledger) == []


def test_a_model_is_not_promoted_for_a_reason_that_may_not_be_kept(context: Context) -> None:
    with pytest.raises(UserError, match="NHS number"):
        promote(context, model_id="first", who="a person", reason="as 9990000018 was missed")
    assert [one.reason for one in models.promotions(context.ledger, name=MODEL)] == ["a test"]
