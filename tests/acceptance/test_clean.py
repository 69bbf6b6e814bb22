"""Clean deliveries go through: of at least 300, at most one in a hundred is refused; warnings are counted."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from taken_in import TakenIn

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.settings import PROJECT

pytestmark = pytest.mark.acceptance

REFUSED_SHARE, WARNED_SHARE = 0.01, 0.05
# Rules that speak of a delivery as a whole beside the sender's earlier ones.
OF_THE_WHOLE = ("HIST-", "PERIOD-", "HEADER-")


def test_clean_deliveries_are_not_refused_and_seldom_warned_of(
    taken: TakenIn, record_property: Callable[[str, object], None]
) -> None:
    clean = list(taken.clean())
    assert len(clean) >= 300
    refused = {name: taken.of(name).reason_code for name in clean if taken.of(name).state != "accepted"}
    warned = Counter(rule for name in clean for rule in set(taken.told(name)) if rule.startswith(OF_THE_WHOLE))
    names = {name for name in clean if any(rule.startswith(OF_THE_WHOLE) for rule in taken.told(name))}
    record_property("clean", len(clean))
    record_property("refused", len(refused))
    record_property("warned", len(names))
    print(f"clean {len(clean)}, refused {len(refused)}, warned of as a whole {len(names)}: {dict(warned)}")
    assert len(refused) <= REFUSED_SHARE * len(clean), refused
    assert len(names) <= WARNED_SHARE * len(clean), (warned, sorted(names)[:20])


def test_the_clean_ones_are_of_many_senders_cadences_and_days(taken: TakenIn) -> None:
    clean = [taken.landed[name].receipt for name in taken.clean()]
    assert len({receipt["sender"] for receipt in clean}) >= 8
    contracts, holidays = load_extracts(PROJECT), load_holidays(PROJECT)
    assert {contracts[receipt["extract"]].cadence.every for receipt in clean} >= {"day", "month", "quarter"}
    days = [date.fromisoformat(receipt["period_end"]) for receipt in clean]
    assert {day.weekday() for day in days} == set(range(7))
    assert len({day for day in days if day in holidays}) >= 3
    assert {day.month for day in days} >= {11, 12, 1}


def test_rows_of_clean_deliveries_are_not_set_apart(taken: TakenIn) -> None:
    """Nor left without a person: what is rightly sent is rightly used."""
    for name in taken.clean():
        one = taken.of(name)
        if one.state == "accepted":
            assert (one.rows_broken, one.rows_duplicate, one.rows_unlinked) == (0, 0, 0), name
