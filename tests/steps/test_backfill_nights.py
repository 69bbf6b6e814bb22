"""One night of a backfill: what it is made of, what it continues, and what it refuses; nothing of it is an edition."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from run_home import enter_edition, enter_model, finish, two_people, write_policy
from small_home import BEN, deliver, entry

from pipeline.contracts.settings import Settings
from pipeline.errors import GateClosed, PipelineError, UserError
from pipeline.ledger import backfills, registers, runs
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.backfill import backfill as step
from pipeline.steps.backfill.backfill import open_backfill
from pipeline.steps.backfill.run import Wanted, would_do
from pipeline.steps.run.run import open_run

BEFORE, NIGHT, AFTER = date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 22)
AT = datetime(2026, 11, 30, 6, tzinfo=UTC)


@pytest.fixture
def context(home: Settings) -> Context:
    """Two people, a promoted model, and one night that has finished."""
    context = two_people(home)
    finish(context, open_run(context, as_of=NIGHT, knowledge="then"))
    return context


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the store held what the stages wrote; that it is looked at is tested in tests/journey/test_backfill.py."""
    monkeypatch.setattr(step, "rows_as_recorded", lambda context, run: True)


def the_night(context: Context) -> Run:
    [found] = runs.list_runs(context.ledger, as_of=NIGHT, kind="nightly")
    return found


@pytest.mark.usefixtures("stored")
def test_a_night_of_which_nothing_has_changed_is_that_night(context: Context) -> None:
    assert open_backfill(context, as_of=NIGHT, series="x") == the_night(context)
    [night] = backfills.nights(context.ledger, series="x")
    assert (night.as_of, night.run_key, night.state) == (NIGHT, the_night(context).run_key, "started")


def test_where_the_store_no_longer_holds_its_rows_it_is_made_anew_apart(context: Context) -> None:
    run = open_backfill(context, as_of=NIGHT, series="x")
    assert run.kind == "replay"
    assert {name for name in run.inputs if run.inputs[name] != the_night(context).inputs[name]} == {"kind"}


@pytest.mark.usefixtures("stored")
def test_it_keeps_the_model_and_the_deliveries_of_its_night(context: Context) -> None:
    """Promoted since, and received in time but taken in later: both are what the night did not have."""
    enter_model(context, "second")
    deliver(context, "gp_event", [entry(BEN, "O-2")], at="2026-11-15T21:00:00")
    assert open_backfill(context, as_of=NIGHT, series="x") == the_night(context)
    now = open_backfill(context, as_of=NIGHT, knowledge="now", series="y")
    assert (now.kind, now.model_id) == ("replay", "second")
    assert len(runs.run_deliveries(context.ledger, now.run_key)) == 3


@pytest.mark.usefixtures("stored")
def test_a_changed_policy_and_a_dissent_of_today_make_it_another(context: Context) -> None:
    write_policy(context.settings, lambda policy: policy.update(note="Reworded."))
    run = open_backfill(context, as_of=NIGHT, series="x")
    assert run.kind == "replay"
    assert run.run_key == open_backfill(context, as_of=NIGHT, series="another").run_key


def test_all_nights_of_a_backfill_know_what_was_there_when_it_began(context: Context) -> None:
    wanted = Wanted(BEFORE, AFTER, "week", "now")
    from pipeline.steps.backfill.run import _begun

    series = _begun(context, wanted).series
    late = deliver(context, "gp_event", [entry(BEN, "O-2")], at="2026-11-25T21:00:00")
    run = open_backfill(context, as_of=AFTER, knowledge="now", series=series)
    assert late not in runs.run_deliveries(context.ledger, run.run_key)
    assert _begun(context, wanted).series == series
    backfills.finish_backfill(context.ledger, series=series, at=AT)
    assert _begun(context, wanted).series == f"{wanted.words}_2"


def test_nights_of_their_own_series_continue_each_other_and_never_what_another_made(context: Context) -> None:
    first = open_backfill(context, as_of=BEFORE, knowledge="now", series="x")
    as_made(context, first, series="x")
    second = open_backfill(context, as_of=NIGHT, knowledge="now", series="x")
    assert second.inputs["chain"] == [first.run_key]
    assert second.inputs["previous_editions"]["F83671"] == f"replay.practice.F83671.{first.run_key}"
    apart = open_backfill(context, as_of=NIGHT, knowledge="now", series="y")
    assert "chain" not in apart.inputs
    assert apart.inputs["previous_editions"]["F83671"] is None


def test_a_night_that_finishes_while_a_backfill_runs_changes_nothing_of_it(context: Context) -> None:
    """What it publishes for planners would be what the next date's counts are kept safe beside."""
    from pipeline.steps.backfill.run import _begun

    wanted = Wanted(BEFORE, BEFORE, "week", "now")
    series = _begun(context, wanted).series
    before = open_backfill(context, as_of=BEFORE, knowledge="now", series=series)
    night = open_run(context, as_of=AFTER, knowledge="then")
    finish(context, night)
    counted = Edition(
        edition_id=f"locality.QMJ.{AFTER}.r1", run_key=night.run_key, kind="current", plane="locality", as_of=AFTER,
        code="QMJ", revision=1, manifest_sha256="0" * 64, path="x", counts={}, published_at=AT,
    )  # fmt: skip
    registers.record_edition(context.ledger, edition=counted, entries=[])
    assert open_backfill(context, as_of=BEFORE, knowledge="now", series=series).run_key == before.run_key
    begun_since = open_backfill(context, as_of=BEFORE, knowledge="now", series="another")
    assert begun_since.inputs["previous_editions"]["QMJ"] == counted.edition_id


def as_made(context: Context, run: Run, *, series: str) -> None:
    """As if its packs had been made apart."""
    edition = Edition(
        edition_id=f"replay.practice.F83671.{run.run_key}", run_key=run.run_key, kind="replay", plane="practice",
        as_of=run.as_of, code="F83671", revision=1, manifest_sha256="0" * 64, path="x", counts={}, published_at=AT,
    )  # fmt: skip
    registers.record_edition(context.ledger, edition=edition, entries=[])
    [night] = [one for one in backfills.nights(context.ledger, series=series) if one.as_of == run.as_of]
    backfills.record_night(context.ledger, night=replace(night, state="finished", finished_at=AT))


def test_what_a_backfill_made_is_never_a_practices_last_edition(context: Context) -> None:
    """Neither the next night nor a correction continues it."""
    enter_edition(context, the_night(context), as_of=NIGHT)
    as_made(context, open_backfill(context, as_of=AFTER, knowledge="now", series="x"), series="x")
    later = replace(context, settings=context.settings.model_copy(update={"now": AT}))
    night = open_run(later, as_of=date(2026, 11, 29), knowledge="then")
    assert night.kind == "nightly"
    assert night.inputs["previous_editions"]["F83671"] == f"practice.F83671.{NIGHT}.r1"
    assert open_run(context, as_of=AFTER, knowledge="then").kind == "nightly"


def test_a_series_has_one_knowledge(context: Context) -> None:
    open_backfill(context, as_of=BEFORE, knowledge="now", series="x")
    with pytest.raises(UserError, match="series of its own"):
        open_backfill(context, as_of=NIGHT, knowledge="then", series="x")


def test_what_the_policy_does_not_permit_today_is_not_made_again(context: Context) -> None:
    write_policy(context.settings, lambda policy: policy["sources"][0].update(valid_to=BEFORE))
    with pytest.raises(GateClosed):
        open_backfill(context, as_of=NIGHT, series="x")
    assert backfills.nights(context.ledger, series="x") == []


def test_what_would_be_done_is_said_and_not_done(context: Context) -> None:
    before = runs.list_runs(context.ledger)
    told = would_do(context, wanted=Wanted(BEFORE, AFTER, "week", "then"))
    assert told[0] == "3 nights, 0 made before"
    assert told[1] == "2026-11-08: was never run; would be made with model first"
    assert "as it was; its packs would be made again and compared" in told[2]
    write_policy(context.settings, lambda policy: policy["sources"][0].update(valid_to=NIGHT))
    assert (
        "cannot be made: The policy holds no valid basis"
        in would_do(context, wanted=Wanted(BEFORE, AFTER, "week", "then"))[3]
    )
    assert runs.list_runs(context.ledger) == before
    assert backfills.list_backfills(context.ledger) == []
    with pytest.raises(UserError, match="comes before the first"):
        would_do(context, wanted=Wanted(AFTER, BEFORE, "week", "then"))


def test_a_night_whose_stages_are_not_done_is_not_compared(context: Context) -> None:
    run = open_backfill(context, as_of=BEFORE, series="x")
    with pytest.raises(PipelineError, match="run its stages first"):
        step.finish_backfill(context, run, series="x")
