"""A sender whose rows find their people less often than usual is named in status and on the sources page."""

from datetime import date

import pytest
from small_home import ANN, deliver, entry, numbers, patient, small_context

from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.tell.sources_page import page_of
from pipeline.steps.tell.status import status

PEOPLE = numbers(30)
WRONG_BIRTH = "1948-09-03"


@pytest.fixture
def context(home: Settings) -> Context:
    """Four ordinary nights of entries of thirty listed people, and one in twenty without a number."""
    context = small_context(home)
    deliver(context, "gp_patient", [patient(number, str(place)) for place, number in enumerate(PEOPLE, start=1)])
    for night in range(4):
        send(context, night=16 + night)
    return context


def send(context: Context, *, night: int, empty: int = 1, conflicts: int = 0) -> str:
    lines = [entry(number, f"O-{night}-{place}") for place, number in enumerate(PEOPLE)]
    for line in lines[:empty]:
        line["nhs_number"] = ""
    for line in lines[empty : empty + conflicts]:
        line["birth_date"] = WRONG_BIRTH
    delivery_id = deliver(context, "gp_event", lines, at=f"2026-11-{night}T20:00:00")
    link(context)
    return delivery_id


def odd(context: Context) -> list[str]:
    """What is said of rates, by status and by the page; both say it or neither does."""
    found = [one.says for one in status(context).findings if "is usual" in one.says]
    page = page_of(context, as_of=date(2026, 11, 30))
    assert len([mark for mark in page.to_look_at if "is usual" in mark.says]) == len(found)
    return found


def test_a_usual_delivery_is_not_mentioned(context: Context) -> None:
    send(context, night=20)
    assert odd(context) == []


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"empty": 12}, "40.0% of its rows are without a usable NHS number"),
        ({"conflicts": 9}, "30.0% of its rows are in conflict with the GP lists"),
    ],
    ids=["numbers missing", "birth dates wrong"],
)
def test_a_rate_out_of_bounds_is_told_until_the_next_usual_delivery(
    context: Context, planted: dict[str, int], says: str
) -> None:
    delivery_id = send(context, night=20, **planted)
    (told,) = odd(context)
    assert told.startswith(f"Delivery {delivery_id}: {says}")
    assert ANN not in told
    send(context, night=21)
    assert odd(context) == []


def test_the_page_shows_both_shares_of_each_sender(context: Context) -> None:
    send(context, night=20, conflicts=3)
    page = page_of(context, as_of=date(2026, 11, 30))
    (line,) = [line for source in page.sources for line in source.lines if line.extract == "gp_event"]
    assert (line.share_without_number, line.share_in_conflict) == (5 / 150, 3 / 150)
    assert line.share_set_apart == pytest.approx(8 / 150)
