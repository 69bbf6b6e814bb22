"""When a sender has been silent for too long."""

from datetime import date

import pytest

from pipeline.contracts.policy import SOURCES
from pipeline.rules.freshness import SILENT_AFTER_DAYS, is_silent


def test_every_source_has_its_limit() -> None:
    assert set(SILENT_AFTER_DAYS) == set(SOURCES)


@pytest.mark.parametrize(("day", "silent"), [(19, False), (20, False), (18, True)])
def test_three_days_without_gp_data_is_silence(day: int, silent: bool) -> None:
    found = is_silent("gp", last_received=date(2026, 11, day), as_of=date(2026, 11, 22))
    assert found == silent


def test_a_council_may_be_silent_for_a_quarter() -> None:
    assert not is_silent("social_care", last_received=date(2026, 8, 11), as_of=date(2026, 11, 22))
