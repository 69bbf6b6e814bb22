"""Nights that go wrong, one after another in one home: the alert is raised, and the commands of its page, as they stand
there, lead out of it. Pages that need no whole night are run by tests/steps/test_runbook_*.py."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from unittest import mock

import pytest
from finished_home import FIRST, SECOND
from homes import packs
from operated_home import DESPITE, HOSPITAL, PRACTICE, Operated, morning, newest_model, small_training
from test_held_night import strict

from pipeline.errors import ChannelError
from pipeline.ledger import audit, registers, runs
from pipeline.ledger.registers import Edition
from pipeline.steps.at_hand.context import StepResult
from pipeline.steps.night import nightly
from pipeline.steps.publish import publish
from pipeline.steps.run import run as freezing
from pipeline.steps.watch import watch as watching
from pipeline.store import layout

pytestmark = pytest.mark.acceptance
# An edition is due again a week after the last.
NEXT_EDITION = SECOND + timedelta(days=7)
RENEWED = date(2028, 3, 31)


def night(number: int) -> date:
    """The nights after the one with three faults: each page has its own."""
    return SECOND + timedelta(days=number)


def ends_with(operated: Operated, on: date, *, code: int) -> None:
    """The night ends with this exit code."""
    assert operated.run(on, "nightly", "--as-of", str(on)) == code, operated.kept["said"]


def source(policy: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in policy["sources"] if one["source"] == name)
    return found


def until(name: str, day: date) -> Callable[[dict[str, Any]], None]:
    """The basis of a source ends on this day."""
    return lambda policy: source(policy, name).update(valid_to=day)


def agreements(days: dict[str, date]) -> Callable[[dict[str, Any]], None]:
    """The agreements of these practices and senders end on these days."""

    def change(policy: dict[str, Any]) -> None:
        for one in (*policy["practices"], *policy["providers"]):
            code = one.get("practice_code") or one["sender"]
            if code in days:
                one["valid_to"] = days[code]

    return change


def in_use(operated: Operated, on: date) -> dict[str, Edition]:
    """The newest edition of that night by practice."""
    context = operated.context(on)
    found = registers.list_editions(context.ledger, as_of=on, plane="practice")
    return {one.code: one for one in sorted(found, key=lambda one: one.revision) if one.kind == "current"}


def test_editions_that_rest_on_a_delivery_refused_since(operated: Operated) -> None:
    context = operated.context(SECOND)
    first, second = (runs.first_finished(context.ledger, as_of=one) for one in (FIRST, SECOND))
    assert first is not None and second is not None
    new = {*runs.run_deliveries(context.ledger, second.run_key)} - {*runs.run_deliveries(context.ledger, first.run_key)}
    name = min(one for one in new if not one.startswith("gp_"))
    assert operated.run(SECOND, "refuse", name, "--who", "A. Name", "--reason", "another hospital's file") == 0
    operated.operator(SECOND).runs_page(
        "delivery-held",
        alerts=["edition_on_refused_delivery"],
        part="Editions rest on a delivery that was refused since",
    )


def test_wrong_registers_and_one_with_a_person_who_has_dissented_since(operated: Operated) -> None:
    """One was recalled the day before, one is found wrong now, a third still holds somebody: one correction for all."""
    there = in_use(operated, SECOND)
    recalled, wrong, dissented = (there[code].edition_id for code in ("F83671", "F85061", "F85675"))
    assert operated.run(SECOND, "recall", recalled, "--who", "A. Name", "--reason", "a test") == 0
    audit.append(
        operated.context(SECOND).ledger, at=morning(SECOND), who="pipeline", action="erase", run_key=None,
        subject=dissented, counts={},
    )  # fmt: skip
    operated.operator(SECOND).runs_page(
        "wrong-register",
        alerts=["edition_recalled", "dissent_after_publication"],
        examples={"practice.F83671.2026-11-22.r1": wrong},
    )
    after = in_use(operated, SECOND)
    assert all(after[code].revision > there[code].revision for code in there)


def test_a_night_that_stopped(operated: Operated) -> None:
    def full(context: object, *, run: object) -> None:
        raise OSError(28, "No space left on device")

    with mock.patch.dict(nightly.STAGES, {"register": full}):
        ends_with(operated, night(1), code=1)
    operated.operator(night(1)).runs_page(
        "night-did-not-finish", alerts=["night_not_finished"], part="A night did not finish"
    )  # fmt: skip


def test_a_declaration_that_is_broken(operated: Operated) -> None:
    operated.change_policy(lambda policy: policy.update(version="three"))
    ends_with(operated, night(2), code=12)

    def put_right() -> None:
        operated.change_policy(lambda policy: policy.update(version=3))

    operated.operator(night(2)).runs_page(
        "declaration-broken", alerts=["declaration_broken"], by_hand={"riskstrat nightly": put_right}
    )


def test_registers_that_are_late(operated: Operated) -> None:
    """The night never began."""
    operated.operator(night(3)).runs_page("registers-late", alerts=["registers_late"])


def test_no_model_fits(operated: Operated) -> None:
    operated.change_policy(until("acute", night(4)))
    ends_with(operated, night(4), code=14)

    def renew() -> None:
        operated.change_policy(until("acute", RENEWED))

    operated.operator(night(4)).runs_page(
        "no-fitting-model", alerts=["no_fitting_model"], by_hand={"riskstrat nightly": renew}
    )


def test_the_gate_is_closed_a_source_is_not_used_and_another_soon_will_not_be(operated: Operated) -> None:
    lasts = {"gp": night(5), "social_care": night(4), "community": night(30)}
    for name, day in lasts.items():
        operated.change_policy(until(name, day))
    ends_with(operated, night(5), code=13)

    def renew() -> None:
        for name in lasts:
            operated.change_policy(until(name, RENEWED))

    operated.operator(night(5)).runs_page(
        "source-not-used",
        alerts=["gate_closed", "source_not_used", "basis_ends_soon"],
        by_hand={"riskstrat nightly": renew},
    )


def test_agreements_that_ended_or_end_soon_and_a_night_that_published_nothing(operated: Operated) -> None:
    """The practice that was left out has its edition at once, by the correction."""
    nothing = StepResult(counts={"published": 0, "already_there": 0, "not_due": 0})
    with mock.patch.dict(nightly.STAGES, {"publish": lambda context, *, run: nothing}):
        ends_with(operated, night(6), code=0)
    operated.change_policy(agreements({HOSPITAL: night(6), "F85675": night(30)}))

    def renew() -> None:
        operated.change_policy(agreements(dict.fromkeys((PRACTICE, HOSPITAL, "F85675"), RENEWED)))

    operated.operator(night(6)).runs_page(
        "agreement-ended",
        alerts=[
            "practice_without_agreement", "sender_without_agreement", "agreement_ends_soon", "nothing_published"
        ],
        by_hand={"riskstrat nightly": renew},
    )  # fmt: skip
    assert PRACTICE in packs(operated.home, night(6))


def test_a_pack_that_was_blocked(operated: Operated) -> None:
    real = publish.check_staged

    def block(*arguments: Any, practice_code: str | None, **named: Any) -> None:
        if practice_code == "F83671":
            raise ChannelError("The staged pack failed its last check: 1 people have opted out")
        real(*arguments, practice_code=practice_code, **named)

    with mock.patch.object(publish, "check_staged", block):
        ends_with(operated, NEXT_EDITION, code=15)
    assert operated.open_alerts(NEXT_EDITION)["pack_blocked"].subjects == ("F83671",)
    assert "F85061" in packs(operated.home, NEXT_EDITION)
    operated.operator(NEXT_EDITION).runs_page("pack-blocked", alerts=["pack_blocked"])
    assert "F83671" in packs(operated.home, NEXT_EDITION)


@contextmanager
def no_change_is_let_through() -> Iterator[None]:
    """The bounds of watching hold any night whose list is not the one before."""
    bounds = strict()
    with (
        mock.patch.object(freezing, "load_watching", lambda project, name: bounds),
        mock.patch.object(watching, "load_watching", lambda project, name: bounds),
    ):
        yield


def test_a_night_that_is_held_until_a_model_is_trained_anew(operated: Operated) -> None:
    with no_change_is_let_through():
        ends_with(operated, night(8), code=16)
    with small_training():
        operated.operator(night(8)).runs_page(
            "scores-do-not-fit",
            alerts=["night_held"],
            part="The scores really do not fit",
            examples={
                "promote MODEL_ID": lambda: f"promote {newest_model(operated)} {DESPITE}",
                "MODEL_ID": lambda: newest_model(operated),
            },
        )


def test_a_night_that_is_held_until_a_person_lets_it_go_and_its_list_that_changed_much(operated: Operated) -> None:
    """Let through, the list still is another: the former model is put back, and the night corrected."""
    with no_change_is_let_through():
        ends_with(operated, night(9), code=16)
        operated.operator(night(9)).runs_page(
            "scores-do-not-fit", alerts=["night_held"], part="Held, and practices need a list before that"
        )  # fmt: skip
    operated.operator(night(9)).runs_page("list-changed-much", alerts=["list_changed_much"])


def test_a_check_for_opt_outs_that_closes_the_gate(operated: Operated) -> None:
    def answer() -> None:
        """The check service answers that everybody may be used."""
        for asked in layout.opt_out_requests(operated.home).iterdir():
            shutil.copyfile(asked, layout.opt_out_replies(operated.home) / asked.name)

    operated.change_policy(lambda policy: source(policy, "gp").update(national_data_opt_out_applies=True))
    ends_with(operated, night(10), code=13)
    operated.operator(night(10)).runs_page(
        "opt-out-check", alerts=["opt_out_check"], by_hand={"opt-outs read": answer}
    )  # fmt: skip
