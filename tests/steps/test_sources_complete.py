"""When a source counts as complete for a night: nothing of it is owed, nothing is in doubt, and it is told once."""

from datetime import date, timedelta

import pytest
from landed_files import land, take_in
from small_home import small_context

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.lateness import newly_complete

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


@pytest.fixture
def context(home: Settings) -> Context:
    """Two hospitals that send every evening the attendances of the day before, and have on Monday."""
    context = small_context(home)
    for sender in ("RAL", "RKE"):
        sent(context, sender, MONDAY)
    return context


def sent(context: Context, sender: str, day: date, **more: object) -> None:
    before = (day - timedelta(days=1)).isoformat()
    days = {"period_start": before, "period_end": before}
    row = {"cds_unique_identifier": f"{sender}{day:%d}"}
    land(context, "acute_ecds", [row], name=f"{day}", sender=sender, at=f"{day}T20:00:00Z", **{**days, **more})
    take_in(context)


def test_nothing_is_complete_before_something_has_come_for_the_night(context: Context) -> None:
    assert newly_complete(context, as_of=TUESDAY) == []


def test_every_source_is_told_once_when_nothing_is_owed(context: Context) -> None:
    assert newly_complete(context, as_of=MONDAY) == list(SOURCES)
    assert newly_complete(context, as_of=MONDAY) == []


def test_a_source_waits_for_its_other_sender_and_no_other_source_does(context: Context) -> None:
    sent(context, "RAL", TUESDAY)
    others = [source for source in SOURCES if source != "emergency"]
    assert newly_complete(context, as_of=TUESDAY) == others
    sent(context, "RKE", TUESDAY)
    assert newly_complete(context, as_of=TUESDAY) == ["emergency"]


def test_a_refused_delivery_is_not_yet_what_was_expected(context: Context) -> None:
    sent(context, "RAL", TUESDAY)
    sent(context, "RKE", TUESDAY, rows=7)
    assert "emergency" not in newly_complete(context, as_of=TUESDAY)
    land(context, "acute_ecds", name="better", sender="RKE", at=f"{TUESDAY}T21:00:00Z",
         period_start=f"{MONDAY}", period_end=f"{MONDAY}")  # fmt: skip
    take_in(context)
    assert newly_complete(context, as_of=TUESDAY) == ["emergency"]


def test_what_is_late_already_is_not_waited_for(context: Context) -> None:
    """RKE has sent nothing for a week: its last days are still due, its late ones hold nobody up."""
    for day in range(17, 25):
        sent(context, "RAL", date(2026, 11, day))
    night = date(2026, 11, 24)
    assert "emergency" not in newly_complete(context, as_of=night)
    sent(context, "RKE", night, period_start="2026-11-20")
    assert newly_complete(context, as_of=night) == ["emergency"]
