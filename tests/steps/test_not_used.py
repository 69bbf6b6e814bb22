"""What a register says is missing is frozen with its run: what lands or is judged later changes no byte of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from run_home import NIGHT, finish, opened, two_people, write_policy
from small_home import BEN, deliver, entry

from pipeline.contracts.policy import load_policy
from pipeline.contracts.settings import Settings
from pipeline.ledger import runs
from pipeline.ledger.connect import writing
from pipeline.ledger.deliveries import record_received, record_verdict
from pipeline.ledger.runs import Run
from pipeline.ledger.tables import run as run_table
from pipeline.steps.at_hand.context import Context
from pipeline.steps.backfill import backfill as step
from pipeline.steps.backfill.backfill import open_backfill
from pipeline.steps.backfill.run import Wanted, _begun
from pipeline.steps.night.rerun import changed_since
from pipeline.steps.watch.source_states import notices, source_states

BEFORE = date(2026, 11, 8)
# Stamped on the evening before the cut-off, whenever it lands.
EVENING = datetime(2026, 11, 15, 22, tzinfo=UTC)
LATE = f"gp_event.GPS01.{EVENING:%Y%m%dT%H%M%SZ}"
REFUSED = "The latest file of “GP coded entries” from GPS01 could not be used; the last good one still is."


@pytest.fixture
def context(home: Settings) -> Context:
    return two_people(home)


def land(context: Context, *, extract: str = "gp_event", sender: str = "GPS01") -> str:
    name = f"{extract}.{sender}.{EVENING:%Y%m%dT%H%M%SZ}"
    record_received(
        context.ledger, delivery_id=name, extract=extract, sender=sender, kind="regular", file_name="b.csv",
        sha256="1" * 64, period_start=date(2026, 11, 9), period_end=NIGHT, received_at=EVENING, rows_in=5,
    )  # fmt: skip
    return name


def refuse(context: Context, **named: str) -> None:
    record_verdict(
        context.ledger, delivery_id=land(context, **named), state="refused", reason_code="GP-EV-001", reason="x",
        rows_in=5, rows_refused=5,
    )  # fmt: skip


def accept_late(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-2")], at=f"{EVENING:%Y-%m-%dT%H:%M:%S}")


def from_a_trust_without_agreement(context: Context) -> None:
    deliver(context, "acute_ecds", [{}], sender="RZZ", at=f"{EVENING:%Y-%m-%dT%H:%M:%S}")


def says(context: Context, run: Run) -> tuple[Any, ...]:
    policy = load_policy(context.settings.policy_file)
    return notices(context, run=run), source_states(context, run=run, policy=policy)


LATER: dict[str, Callable[[Context], object]] = {
    "landed": land,
    "refused": refuse,
    "accepted": accept_late,
    "kept out": from_a_trust_without_agreement,
}


@pytest.mark.parametrize("change", LATER)
def test_what_comes_after_the_freezing_changes_nothing_that_is_said(context: Context, change: str) -> None:
    night = opened(context)
    before = says(context, night)
    LATER[change](context)
    assert says(context, night) == before
    assert opened(context) == night
    finish(context, night)
    if change in ("landed", "refused"):
        # What only would be told of leaves a finished night as it is.
        assert opened(context).run_key == night.run_key
    assert changed_since(context, night) == []


def test_what_had_come_is_told_and_is_in_the_key(context: Context) -> None:
    without = opened(context)
    refuse(context)
    run = runs.get_run(context.ledger, without.run_key)
    assert run is not None and REFUSED not in says(context, run)[0]
    finish(context, without)
    told = opened(context, knowledge="now")
    assert told.inputs["not_used"] == {LATE: "refused"}
    assert REFUSED in says(context, told)[0]


def test_the_same_files_in_another_state_are_another_night(context: Context) -> None:
    land(context)
    waiting = opened(context, as_of=date(2026, 11, 16))
    assert waiting.inputs["not_used"] == {LATE: "received"}
    refuse(context)
    assert REFUSED not in says(context, waiting)[0]
    finish(context, waiting)
    assert opened(context, as_of=date(2026, 11, 16), knowledge="now").inputs["not_used"] == {LATE: "refused"}


def test_a_run_from_before_this_was_kept_is_told_as_the_ledger_stands(context: Context) -> None:
    night = opened(context)
    old = {name: value for name, value in night.inputs.items() if name != "not_used"}
    with writing(context.ledger) as connection:
        connection.execute(run_table.update().values(inputs=old))
    run = replace(night, inputs=old)
    assert REFUSED not in says(context, run)[0]
    refuse(context)
    assert REFUSED in says(context, run)[0]
    assert changed_since(context, run) == []


def test_what_the_policy_keeps_out_today_is_said_of_a_night_made_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was in the night's own set, and is none of the set it is made of now."""
    monkeypatch.setattr(step, "rows_as_recorded", lambda context, run: True)
    deliver(context, "acute_ecds", [{}], sender="RKE")
    finish(context, opened(context))

    def ended(policy: dict[str, Any]) -> None:
        policy["providers"] = [one for one in policy["providers"] if one["sender"] != "RKE"]

    write_policy(context.settings, ended)
    again = open_backfill(context, as_of=NIGHT, series="x")
    assert again.kind == "replay" and again.inputs["not_used"] == {"acute_ecds.RKE.20261115T200000Z": "accepted"}
    assert "RKE has no agreement to supply" in str(says(context, again)[1])


def test_a_backfill_tells_of_what_had_come_when_it_began(context: Context) -> None:
    wanted = Wanted(BEFORE, NIGHT, "week", "now")
    series = _begun(context, wanted).series
    refuse(context)
    run = open_backfill(context, as_of=NIGHT, knowledge="now", series=series)
    assert run.inputs["not_used"] == {} and REFUSED not in says(context, run)[0]
