"""A backfill's pack in the outbox: entered once, in no edition's place, and never with who has dissented since."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from run_home import enter_model, finish, opened, write_policy
from small_home import ANN, patient, small_context
from small_home import deliver as take_in
from small_outbox import AT, NIGHT, a_home, publish, states, to_folders

from pipeline.channels.backfill_words import as_text, line_of
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import audit, backfills, outbox, registers, runs
from pipeline.ledger.connect import writing
from pipeline.ledger.outbox import Outgoing
from pipeline.ledger.registers import Edition
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import replay_leaves
from pipeline.steps.backfill import backfill as step
from pipeline.steps.backfill.run import Wanted, backfill, would_do
from pipeline.steps.exchange.deliver import deliver
from pipeline.steps.exchange.deliver_watch import looks
from pipeline.steps.opt_out.erasure import ACTION as ERASED

ONE = "F83671"
KEY = "fedcba9876543210"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return a_home(tmp_path / "home", plan=to_folders(tmp_path / "shares", [ONE]), now=AT)


def entered(context: Context, *, run_key: str = KEY) -> Outgoing:
    """A pack of a backfill, made apart and entered as it is when it was asked for."""
    pack = context.settings.home / "registers" / "replays" / run_key / ONE
    pack.mkdir(parents=True)
    (pack / "RISKREG.csv").write_text("nhs_number\r\n")
    (pack / "manifest.json").write_text("{}")
    runs.freeze_run(
        context.ledger, run_key=run_key, kind="replay", as_of=NIGHT, knowledge="then", model_id="m", inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip
    name, where = f"replay.practice.{ONE}.{run_key}", pack.relative_to(context.settings.home).as_posix()
    edition = Edition(name, run_key, "replay", "practice", NIGHT, ONE, 1, "0" * 64, where, {}, AT)
    registers.record_edition(context.ledger, edition=edition, entries=[])
    [row] = replay_leaves(context, edition, day=AT.date())
    with writing(context.ledger) as connection:
        outbox.enter(connection, [row])
    return row


def test_a_correction_or_a_later_edition_does_not_take_the_place_of_what_was_asked_for(context: Context) -> None:
    publish(context, ONE)
    publish(context, ONE, revision=2)
    row = entered(context)
    deliver(context)
    assert states(context)[row.local_id] in ("sent", "collected")


def test_who_dissented_since_does_not_leave_with_it(context: Context) -> None:
    row = entered(context)
    audit.append(
        context.ledger, at=AT, who="pipeline", action=ERASED, run_key=None, subject=row.edition_id, counts={"people": 1}
    )
    deliver(context)
    [kept] = outbox.list_outbox(context.ledger)
    assert (kept.state, kept.reason) == (
        "withdrawn",
        "it holds someone who has dissented since: ask for the backfill again",
    )
    assert not any((context.settings.home.parent / "shares" / ONE).iterdir())
    assert looks(context) == []


def test_a_late_sent_pack_does_not_hide_that_the_current_one_never_arrived(context: Context) -> None:
    """What was handed over later is not newer: its night is past."""
    [current] = publish(context, ONE)
    outbox.move(context.ledger, current.local_id, at=AT, event="undelivered", state="undelivered", reason="no inbox")
    assert [one.subject for one in looks(context)] == [current.local_id]
    after = replace(context, settings=context.settings.model_copy(update={"now": AT + timedelta(hours=1)}))
    entered(after)
    deliver(after)
    assert [one.subject for one in looks(after)] == [current.local_id]


@pytest.fixture
def small(home: Settings) -> Context:
    """A home with a finished night and no delivery plan."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    take_in(context, "gp_patient", [patient(ANN, "1")])
    enter_model(context, "model")
    finish(context, opened(context))
    return context


def test_to_send_with_nobody_to_send_to_is_refused_before_anything_is_made(small: Context) -> None:
    for sends in (would_do, lambda context, wanted: backfill(context.settings, wanted=wanted)):
        with pytest.raises(UserError, match="nothing says where packs go.*without --send"):
            sends(small, wanted=Wanted(NIGHT, NIGHT, "week", "then", send=True))
    assert backfills.list_backfills(small.ledger) == []
    assert would_do(small, wanted=Wanted(NIGHT, NIGHT, "week", "then"))[0] == "1 nights, 0 made before"


def test_a_night_counts_as_made_only_once_its_packs_are_entered(
    small: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the comparison and the outbox, it is taken up again, and no pack is forgotten."""
    monkeypatch.setattr(step, "rows_as_recorded", lambda context, run: True)
    monkeypatch.setattr(step, "publish", lambda context, run: None)
    counts = {"packs": 1, "compared": 1, "same_bytes": 1, "same_rows": 0, "differ": 0}
    monkeypatch.setattr(step, "compared", lambda context, run: dict(counts))
    run = step.open_backfill(small, as_of=NIGHT, series="x")

    def full(context: Context, run: object) -> int:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(step, "send_packs", full)
        step.finish_backfill(small, run, series="x", send=True)
    assert [one.state for one in backfills.nights(small.ledger, series="x")] == ["started"]
    monkeypatch.setattr(step, "send_packs", lambda context, run: 1)
    assert step.finish_backfill(small, run, series="x", send=True)["sent"] == 1
    [night] = backfills.nights(small.ledger, series="x")
    assert (night.state, night.content["sent"]) == ("finished", 1)


def test_the_words_say_how_many_are_in_the_outbox() -> None:
    content = {
        "packs": 4, "published": 4, "compared": 4, "same_bytes": 4, "same_rows": 0, "differ": 0, "changed": [],
        "model_learned_later": False, "not_kept": [], "not_made": [], "practices": {},
    }  # fmt: skip
    assert line_of(content) == "4 packs, the same bytes as the 4 published on that date"
    sent = {**content, "sent": 2}
    assert line_of(sent).startswith("4 packs (2 of practices in the outbox), ")
    night = {"as_of": "2026-11-15", "run_key": KEY, "state": "finished", "seconds": 1, "content": sent}
    report = {
        "series": "x", "knowledge": "then", "first_day": None, "last_day": None, "every": None, "sends": True,
        "state": "finished", "of": 1, "nights": [night],
    }  # fmt: skip
    assert "**2026-11-15**: 2 packs of practices entered in the outbox." in as_text(report)
