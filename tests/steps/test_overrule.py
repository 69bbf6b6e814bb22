"""Overrules: a person's decision changes what later nights use, is recorded, and never reaches what is not theirs."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from landed_files import land, take_in
from run_home import enter_edition, enter_model, finish, write_policy
from small_home import ANN, BEN, CAT, DISSENT, deliver, entry, keys, patient, people_in, small_context

from pipeline.__main__ import main
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.ledger import audit, runs
from pipeline.ledger.decisions import list_decisions
from pipeline.ledger.deliveries import get_delivery, list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.features.events import events
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.receive.receive import receive
from pipeline.steps.run.run import open_run
from pipeline.steps.tell.status import status
from pipeline.steps.tell.status_words import told
from pipeline.steps.validate import overrule as step
from pipeline.steps.validate.overrule import decisions_made, decisions_to_look_at, editions_in_use, overrule
from pipeline.steps.validate.validate import validate
from pipeline.store import layout
from pipeline.store.vault import open_vault

NIGHT = date(2026, 11, 15)
LATER = date(2026, 11, 16)
EVENTS = "gp_event.GPS01.20261115T210000Z"


@pytest.fixture
def context(home: Settings) -> Context:
    """Three people, two deliveries of entries, a policy and a model."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    assert deliver(context, "gp_event", [entry(BEN, "O-2")], at="2026-11-15T21:00:00") == EVENTS
    enter_model(context, "model")
    return context


def say(context: Context, verb: str, delivery_id: str = EVENTS, *, reason: str = "see the minutes") -> int:
    made = overrule(context, delivery_id=delivery_id, verb=verb, who="A. Name", reason=reason)
    return made.counts["editions_in_use"]


def state(context: Context, delivery_id: str = EVENTS) -> str:
    found = get_delivery(context.ledger, delivery_id)
    assert found is not None and found.balances()
    return found.state


def used(context: Context, as_of: date = NIGHT, **options: str) -> set[str]:
    run = open_run(context, as_of=as_of, **{"knowledge": "then", **options})
    return set(runs.run_deliveries(context.ledger, run.run_key))


def finished(context: Context, as_of: date = NIGHT) -> str:
    run = open_run(context, as_of=as_of, knowledge="then")
    finish(context, run)
    return run.run_key


def at(context: Context, moment: str) -> Context:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


def test_a_held_delivery_is_in_no_later_night_until_it_is_released(context: Context) -> None:
    assert EVENTS in used(context)
    say(context, "hold")
    assert EVENTS not in used(context, LATER)
    say(context, "release")
    link(context)
    assert EVENTS in used(context, date(2026, 11, 17))


def test_a_decision_names_the_run_anew(context: Context) -> None:
    first = open_run(context, as_of=NIGHT, knowledge="then").run_key
    say(context, "hold")
    second = open_run(context, as_of=NIGHT, knowledge="then").run_key
    say(context, "release")
    assert second != first
    assert open_run(context, as_of=NIGHT, knowledge="then").run_key in (first, second)


def test_a_night_that_finished_keeps_what_was_held_since(context: Context) -> None:
    early, late = at(context, "2026-11-16T03:00:00"), at(context, "2026-11-17T09:00:00")
    first = finished(early)
    say(late, "hold")
    again = open_run(late, as_of=NIGHT, knowledge="then")
    assert (again.run_key, again.state) == (first, "finished")
    assert EVENTS not in used(late, knowledge="now")
    assert EVENTS not in used(late, correction="held")


def test_a_night_that_finished_without_it_stays_without_it_after_a_release(context: Context) -> None:
    early, late = at(context, "2026-11-16T03:00:00"), at(context, "2026-11-17T09:00:00")
    say(at(context, "2026-11-16T02:00:00"), "hold")
    first = finished(early)
    say(late, "release")
    assert open_run(late, as_of=NIGHT, knowledge="then").run_key == first
    assert EVENTS in used(late, correction="released")


def test_what_is_refused_afterwards_leaves_past_nights_too(context: Context) -> None:
    early, late = at(context, "2026-11-16T03:00:00"), at(context, "2026-11-17T09:00:00")
    first = finished(early)
    say(late, "refuse")
    again = open_run(late, as_of=NIGHT, knowledge="then")
    assert (again.kind, again.run_key != first) == ("replay", True)
    assert EVENTS not in set(runs.run_deliveries(late.ledger, again.run_key))
    found = get_delivery(context.ledger, EVENTS)
    assert found is not None
    assert (found.state, found.reason_code, found.rows_refused) == ("refused", "OPERATOR", 1)


def test_a_night_that_did_not_finish_is_made_of_what_is_decided_now(context: Context) -> None:
    frozen = open_run(context, as_of=NIGHT, knowledge="then")
    say(context, "hold")
    again = open_run(context, as_of=NIGHT, knowledge="then")
    assert again.run_key != frozen.run_key
    assert EVENTS not in set(runs.run_deliveries(context.ledger, again.run_key))


def test_editions_in_use_that_rest_on_a_refused_delivery_are_named(context: Context) -> None:
    early, late = at(context, "2026-11-16T03:00:00"), at(context, "2026-11-17T09:00:00")
    run = open_run(early, as_of=NIGHT, knowledge="then")
    enter_edition(context, run, as_of=NIGHT)
    finish(context, run)
    assert say(late, "refuse") == 1
    (look,) = decisions_to_look_at(late)
    assert "1 editions in use rest on delivery" in look.says and "practice.F83671.2026-11-15.r1" in look.says
    corrected = open_run(late, as_of=NIGHT, knowledge="then", correction="refused")
    enter_edition(context, corrected, as_of=NIGHT, revision=2)
    assert editions_in_use(late, EVENTS) == []
    assert decisions_to_look_at(late) == []


def test_a_held_delivery_is_something_to_look_at(context: Context) -> None:
    say(context, "hold", reason="the trust doubts it")
    (look,) = decisions_to_look_at(context)
    assert EVENTS in look.says and "by A. Name" in look.says and "the trust doubts it" in look.says
    say(context, "release")
    assert decisions_to_look_at(context) == []
    assert [(one["verb"], one["state_now"]) for one in decisions_made(context)] == [
        ("release", "accepted"),
        ("hold", "accepted"),
    ]


def test_status_tells_what_is_held_and_what_was_decided(context: Context) -> None:
    say(context, "hold", reason="the trust doubts it")
    report = status(context)
    (held,) = [one.says for one in report.findings if "is held" in one.says]
    assert held.startswith(f"Delivery {EVENTS} is held by A. Name on ")
    assert held.endswith("(the trust doubts it); no night uses it")
    assert f"Decided: hold {EVENTS}, by A. Name on" in told(report)
    assert json.loads(report.as_json())["decisions"][0]["verb"] == "hold"


@pytest.mark.parametrize("verb", ["hold", "refuse"])
def test_dissent_counts_though_its_delivery_is_put_aside(context: Context, verb: str) -> None:
    name = deliver(context, "gp_event", [entry(CAT, "O-9", DISSENT)], at="2026-11-15T22:00:00")
    assert current_erasure(context).nhs_numbers == {CAT}
    say(context, verb, name)
    assert current_erasure(context).nhs_numbers == {CAT}


def test_a_release_links_again_what_changed_meanwhile(context: Context) -> None:
    link(context)
    events(context)
    say(context, "hold")
    dissent = deliver(context, "gp_event", [entry(BEN, "O-8", DISSENT)], at="2026-11-15T22:00:00")
    link(context)
    assert people_in(context, layout.linked(context.settings.home, "gp_event")) == keys(context, ANN)
    say(context, "refuse", dissent)
    # The dissent in what was refused still counts; the same entry, taken back in a later file, does not.
    deliver(context, "gp_event", [entry(BEN, "O-8", DISSENT, is_deleted="1")], at="2026-11-15T23:00:00")
    link(context)
    say(context, "release")
    link(context)
    assert keys(context, BEN)[0] in people_in(context, layout.linked(context.settings.home, "gp_event"))


def test_a_practice_list_put_aside_leaves_nobody_where_it_had_put_them(context: Context) -> None:
    rows = [
        patient(ANN, "1", registration_end_date="2026-11-10"),
        patient(ANN, "1", practice_code="F83680", registration_start_date="2026-11-10"),
    ]
    moved = deliver(context, "gp_patient", rows, at="2026-11-15T22:00:00")
    link(context)
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    before = vault.practices(keys(context, ANN))
    say(context, "hold", moved)
    link(context)
    after = vault.practices(keys(context, ANN))
    assert before != after
    assert set(after.values()) == {"F83671"}


@pytest.fixture
def short(home: Settings) -> tuple[Context, str]:
    """A home where a delivery of two rows came after four of forty, and was refused for it."""
    context = small_context(home)
    for week, day in enumerate(("2026-10-18", "2026-10-25", "2026-11-01", "2026-11-08")):
        lines = [{"cds_unique_identifier": f"W{week}N{number:05}"} for number in range(40)]
        land(context, "acute_ecds", lines, name=f"w{week}", at=f"{day}T20:00:00Z")
    assert set(take_in(context).values()) == {"accepted"}
    lines = [{"cds_unique_identifier": "W9N1"}, {"cds_unique_identifier": "W9N2"}, {"cds_unique_identifier": ""}]
    land(context, "acute_ecds", lines, name="w9", at="2026-11-15T20:00:00Z")
    ((delivery_id, verdict),) = take_in(context).items()
    assert verdict.startswith("refused AC-ED-002")
    return context, delivery_id


def test_a_short_delivery_is_accepted_and_its_bad_rows_stay_apart(short: tuple[Context, str]) -> None:
    context, delivery_id = short
    say(context, "accept", delivery_id, reason="the trust was closed for three days")
    found = get_delivery(context.ledger, delivery_id)
    assert found is not None
    assert (found.state, found.rows_valid, found.rows_broken, found.reason_code) == ("accepted", 2, 1, None)
    report = (layout.delivery_report(context.settings.home, delivery_id) / "report.json").read_text()
    assert "Accepted by a decision of the operators" in report
    assert validate(context, delivery_id=delivery_id).counts["rows_valid"] == 2
    (entry_of_audit,) = audit.list_entries(context.ledger, action="delivery_accept")
    assert entry_of_audit.counts["reason"] == "the trust was closed for three days"


def test_an_acceptance_killed_before_the_verdict_is_finished_by_the_next_night(
    short: tuple[Context, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, delivery_id = short

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "validate", killed)
        with pytest.raises(KeyboardInterrupt):
            say(context, "accept", delivery_id)
    assert get_delivery(context.ledger, delivery_id).state == "received"
    validate(context, delivery_id=delivery_id)
    assert state(context, delivery_id) == "accepted"


def test_an_acceptance_can_be_taken_back_and_given_again(short: tuple[Context, str]) -> None:
    context, delivery_id = short
    for verb, expected in (("accept", "accepted"), ("refuse", "refused"), ("accept", "accepted"), ("hold", "held")):
        say(context, verb, delivery_id)
        assert state(context, delivery_id) == expected
        validate(context, delivery_id=delivery_id)
        assert state(context, delivery_id) == expected
    assert [one.verb for one in list_decisions(context.ledger)] == ["accept", "refuse", "accept", "hold"]
    assert audit.verify(context.ledger) == []


def broken_off(context: Context) -> None:
    land(context, "acute_ecds", [{}, {}], data=b"cut off", rows=2)


def fewer_rows_than_announced(context: Context) -> None:
    land(context, "acute_ecds", [{}], rows=2)


def fewer_rows_than_its_header_record(context: Context) -> None:
    land(context, "acute_ecds", [{}], header_rows=2)


@pytest.mark.parametrize("plant", [broken_off, fewer_rows_than_announced, fewer_rows_than_its_header_record])
def test_a_file_not_known_to_be_whole_is_never_accepted(home: Settings, plant: Callable[[Context], None]) -> None:
    context = small_context(home)
    plant(context)
    ((delivery_id, verdict),) = take_in(context).items()
    assert verdict.startswith("refused")
    with pytest.raises(UserError, match="not known to be whole"):
        say(context, "accept", delivery_id)
    assert (state(context, delivery_id), list_decisions(context.ledger)) == ("refused", [])


def test_one_refused_before_it_was_opened_is_never_accepted(home: Settings) -> None:
    context = small_context(home)
    land(context, "acute_ecds", sha256="0" * 64)
    receive(context)
    (delivery,) = list_deliveries(context.ledger)
    with pytest.raises(UserError, match="FILE-003"):
        say(context, "accept", delivery.delivery_id)


def test_without_its_original_nothing_is_judged_again(short: tuple[Context, str]) -> None:
    context, delivery_id = short
    layout.original(context.settings.home, delivery_id).unlink()
    with pytest.raises(UserError, match="original of this delivery is gone"):
        say(context, "accept", delivery_id)


@pytest.mark.parametrize(("verb", "expected"), [("hold", "held"), ("refuse", "refused")])
def test_one_that_waits_is_judged_before_it_is_put_aside(home: Settings, verb: str, expected: str) -> None:
    context = small_context(home)
    land(context, "gp_event", [entry(ANN, "O-1", DISSENT)], sender="GPS01")
    (delivery_id,) = receive(context).delivery_ids
    say(context, verb, delivery_id)
    assert state(context, delivery_id) == expected
    assert current_erasure(context).nhs_numbers == {ANN}


def test_bytes_that_a_person_refused_do_not_come_back_by_a_new_stamp(home: Settings) -> None:
    context = small_context(home)
    land(context, "acute_ecds")
    ((delivery_id, _),) = take_in(context).items()
    say(context, "refuse", delivery_id)
    land(context, "acute_ecds", name="again", at="2026-11-16T20:00:00Z")
    assert [one.code for one in receive(context).refused] == ["FILE-030"]


@pytest.mark.parametrize(
    ("verb", "who", "reason", "says"),
    [
        ("release", "A. Name", "why", "The delivery is accepted"),
        ("accept", "A. Name", "why", "The delivery is accepted"),
        ("hold", " ", "why", "a name and a reason"),
        ("hold", "A. Name", "", "a name and a reason"),
        ("hold", "A. Name", "row of 999 000 0018", "NHS number"),
        ("hold", "A" * 121, "why", "too long"),
    ],
)
def test_a_decision_that_does_not_hold_changes_nothing(
    context: Context, verb: str, who: str, reason: str, says: str
) -> None:
    with pytest.raises(UserError, match=says) as caught:
        overrule(context, delivery_id=EVENTS, verb=verb, who=who, reason=reason)
    assert "0018" not in str(caught.value)
    assert (state(context), list_decisions(context.ledger)) == ("accepted", [])


def test_a_delivery_nobody_knows_is_said_so(context: Context) -> None:
    with pytest.raises(UserError, match="No such delivery"):
        say(context, "hold", "nothing.like.it")


def test_the_command_says_what_rests_on_the_delivery(
    context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RISKSTRAT_HOME", str(context.settings.home))
    assert main(["hold", EVENTS, "--who", "A. Name", "--reason", "why"]) == 0
    assert capsys.readouterr().out == f"hold: {EVENTS}; 0 editions in use rest on it\n"
    assert main(["hold", EVENTS, "--who", "A. Name", "--reason", "why"]) == 2
    assert "The delivery is held, and hold is said of one that is accepted" in capsys.readouterr().err
