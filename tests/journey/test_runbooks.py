"""Nights that go wrong, one after another in one home: the alert is raised, and the commands of its page, as they stand
there, lead out of it. Pages that need no whole night are run by tests/steps/test_runbook_commands.py."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from unittest import mock

import pytest
from finished_home import SECOND
from homes import packs
from operated_home import PRACTICE, Operated
from runbook_pages import not_as_told

from pipeline.errors import ChannelError
from pipeline.steps.night import nightly
from pipeline.steps.publish import publish

pytestmark = pytest.mark.acceptance
# An edition is due again a week after the last.
NEXT_EDITION = SECOND + timedelta(days=7)


def night(number: int) -> date:
    """The nights after the one with three faults: each page has its own."""
    return SECOND + timedelta(days=number)


def leads_out_of(operated: Operated, page: str, alert: str, on: date, **more: Any) -> None:
    """Run the page, and see the alert end."""
    ended = operated.page(page, on, examples={"2026-11-22": str(on), **more})
    assert ended and not_as_told(ended) == []
    assert alert not in operated.open_alerts(on)


def raises(operated: Operated, alert: str, on: date, *, code: int) -> None:
    """The night ends with this exit code, and somebody is told why."""
    assert operated.run(on, "nightly", "--as-of", str(on)) == code, operated.kept["said"]
    assert alert in operated.open_alerts(on)


def source(policy: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in policy["sources"] if one["source"] == name)
    return found


def until(name: str, day: date) -> Callable[[dict[str, Any]], None]:
    """The basis of a source ends on this day."""
    return lambda policy: source(policy, name).update(valid_to=day)


RENEWED = date(2028, 3, 31)


def test_a_night_that_stopped(operated: Operated) -> None:
    def full(context: object, *, run: object) -> None:
        raise OSError(28, "No space left on device")

    with mock.patch.dict(nightly.STAGES, {"register": full}):
        raises(operated, "night_not_finished", night(1), code=1)
    leads_out_of(operated, "night-did-not-finish", "night_not_finished", night(1))


def test_a_declaration_that_is_broken(operated: Operated) -> None:
    operated.change_policy(lambda policy: policy.update(version="three"))
    raises(operated, "declaration_broken", night(2), code=12)
    operated.change_policy(lambda policy: policy.update(version=3))
    leads_out_of(operated, "declaration-broken", "declaration_broken", night(2))


def test_registers_that_are_late(operated: Operated) -> None:
    assert "registers_late" in operated.open_alerts(night(3))
    leads_out_of(operated, "registers-late", "registers_late", night(3))


def test_no_model_fits(operated: Operated) -> None:
    operated.change_policy(until("acute", night(4)))
    raises(operated, "no_fitting_model", night(4), code=14)
    operated.change_policy(until("acute", RENEWED))
    leads_out_of(operated, "no-fitting-model", "no_fitting_model", night(4))


def test_the_gate_is_closed_and_a_source_is_not_used(operated: Operated) -> None:
    operated.change_policy(until("gp", night(5)))
    raises(operated, "gate_closed", night(5), code=13)
    operated.change_policy(until("gp", RENEWED))
    operated.change_policy(until("social_care", night(4)))
    assert "source_not_used" in operated.open_alerts(night(5))
    operated.change_policy(until("social_care", RENEWED))
    leads_out_of(operated, "source-not-used", "source_not_used", night(5))
    assert "gate_closed" not in operated.open_alerts(night(5))


def test_a_practice_whose_agreement_ended_is_renewed_and_has_its_edition_at_once(operated: Operated) -> None:
    assert operated.open_alerts(night(6))["practice_without_agreement"].subjects == (PRACTICE,)

    def renew(policy: dict[str, Any]) -> None:
        next(one for one in policy["practices"] if one["practice_code"] == PRACTICE).update(valid_to=RENEWED)

    operated.change_policy(renew)
    leads_out_of(operated, "agreement-ended", "practice_without_agreement", night(6))
    assert PRACTICE in packs(operated.home, night(6))


def test_a_pack_that_was_blocked(operated: Operated) -> None:
    real = publish.check_staged

    def block(*arguments: Any, practice_code: str | None, **named: Any) -> None:
        if practice_code == "F83671":
            raise ChannelError("The staged pack failed its last check: 1 people have opted out")
        real(*arguments, practice_code=practice_code, **named)

    with mock.patch.object(publish, "check_staged", block):
        raises(operated, "pack_blocked", NEXT_EDITION, code=15)
    assert operated.open_alerts(NEXT_EDITION)["pack_blocked"].subjects == ("F83671",)
    assert "F85061" in packs(operated.home, NEXT_EDITION)
    leads_out_of(operated, "pack-blocked", "pack_blocked", NEXT_EDITION)
    assert "F83671" in packs(operated.home, NEXT_EDITION)
