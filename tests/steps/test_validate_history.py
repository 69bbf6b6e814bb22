"""Planted against a sender's history, through the whole step: volume, emptiness, period, header, resubmission."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import planted_defects as planted
import pytest
from test_validate import CONTRACTS, land_file

from pipeline.contracts.settings import read_settings
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.decisions import record_decision
from pipeline.ledger.deliveries import get_delivery
from pipeline.ledger.profiles import read_profiles
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.lateness import owed_deliveries
from pipeline.steps.receive.receive import receive
from pipeline.steps.tell.sources_page import page_of, write_sources_page
from pipeline.steps.validate.overrule import overrule
from pipeline.steps.validate.validate import validate
from pipeline.store import layout
from pipeline.store.keys import create_keys, read_keys

FIRST = date(2026, 11, 2)  # a Monday
Line = dict[str, str]


def day_of(number: int) -> date:
    """Working days from the first Monday on."""
    return FIRST + timedelta(days=number // 5 * 7 + number % 5)


def entries(number: int, *, rows: int = 120, change: Callable[[int, Line], Line] | None = None) -> list[Line]:
    """GP entries of one day: a third with a value, two codes turn about."""
    made = []
    for row in range(rows):
        line = planted.good_row("gp_event", number=1000 * number + row)
        line["effective_date"] = day_of(number).isoformat()
        made.append(change(row, line) if change else line)
    return made


def send(context: Context, number: int, lines: list[Line], **receipt: Any) -> str:
    day = day_of(number)
    stamp = datetime(day.year, day.month, day.day, 21, tzinfo=UTC)
    period = {"period_start": day.isoformat(), "period_end": day.isoformat()}
    delivery_id = land_file(context, "gp_event", lines, received_at=stamp, **{**period, **receipt})
    receive(context)
    validate(context, delivery_id=delivery_id)
    return delivery_id


@pytest.fixture(scope="module")
def six_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a sender sent much the same on six working days."""
    home = tmp_path_factory.mktemp("six_days") / "home"
    context = opened(home)
    for number in range(6):
        send(context, number, entries(number, rows=120 + number))
    context.ledger.engine.dispose()
    return home


@pytest.fixture
def sent(six_days: Path, tmp_path: Path) -> Context:
    """That home, to be changed."""
    shutil.copytree(six_days, tmp_path / "home")
    return opened(tmp_path / "home")


def opened(home: Path) -> Context:
    settings = read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_NOW": "2026-12-16T06:00:00+00:00"})
    keys = read_keys(settings.keys_folder) if home.exists() else create_keys(settings.keys_folder)
    return Context(settings=settings, ledger=open_ledger(settings.ledger_url), keys=keys)


def told(context: Context, delivery_id: str) -> tuple[str, list[str]]:
    """State of the delivery and the rules about it as a whole."""
    delivery = get_delivery(context.ledger, delivery_id)
    assert delivery is not None
    path = layout.delivery_report(context.settings.home, delivery_id) / "report.json"
    rules = [rule["rule"] for rule in json.loads(path.read_text())["rules"]]
    return delivery.state, [rule for rule in rules if rule.startswith(("HIST", "PERIOD", "HEADER"))]


def test_a_delivery_as_usual_is_told_nothing(sent: Context) -> None:
    assert told(sent, send(sent, 6, entries(6))) == ("accepted", [])


def test_half_the_rows_are_noticed_and_a_tenth_refused(sent: Context) -> None:
    assert told(sent, send(sent, 6, entries(6, rows=60))) == ("accepted", ["HIST-001"])
    assert told(sent, send(sent, 7, entries(7, rows=12)))[0] == "refused"


def test_twice_the_rows_are_noticed(sent: Context) -> None:
    assert told(sent, send(sent, 6, entries(6, rows=260))) == ("accepted", ["HIST-002"])


def test_a_watched_column_that_empties_is_named(sent: Context) -> None:
    watched = next(one.column for one in CONTRACTS["gp_event"].watch if one.kind == "share_empty")
    half = entries(6, change=lambda row, line: {**line, watched: "" if row % 3 == 0 else line[watched]})
    state, rules = told(sent, send(sent, 6, half))
    assert (state, rules) == ("accepted", ["HIST-003"])


def test_a_file_of_last_month_under_this_days_receipt_is_refused(sent: Context) -> None:
    old = entries(6, change=lambda row, line: {**line, "effective_date": "2026-10-09"})
    assert told(sent, send(sent, 6, old)) == ("refused", ["PERIOD-001"])
    # The same by a person's decision is accepted, and says so.
    delivery_id = f"gp_event.RAL01.{day_of(6):%Y%m%d}T210000Z"
    record_decision(sent.ledger, delivery_id=delivery_id, verb="accept", who="Dana", reason="backlog", at=sent.now())
    validate(sent, delivery_id=delivery_id)
    assert told(sent, delivery_id) == ("accepted", ["PERIOD-001"])


def test_a_header_record_that_counts_other_rows_refuses_also_against_a_person(sent: Context) -> None:
    delivery_id = send(sent, 6, entries(6), header_rows=121)
    assert told(sent, delivery_id) == ("refused", ["HEADER-001"])
    record_decision(sent.ledger, delivery_id=delivery_id, verb="accept", who="Dana", reason="why", at=sent.now())
    validate(sent, delivery_id=delivery_id)
    assert told(sent, delivery_id) == ("refused", ["HEADER-001"])


def test_a_bulk_history_is_compared_with_nothing(sent: Context) -> None:
    lines = entries(6, rows=15, change=lambda row, line: {**line, "effective_date": "2020-01-01"})
    assert told(sent, send(sent, 6, lines, kind="bulk")) == ("accepted", [])


def test_an_empty_file_that_would_take_back_a_period_waits_for_a_person(tmp_path: Path) -> None:
    """By submission alone; who really has nothing for a period says so, and an operator accepts the file as it is."""
    context = opened(tmp_path / "home")
    line = planted.good_row("community_contact", number=1)
    month = {"period_start": line["reporting_period_start"], "period_end": line["reporting_period_end"]}
    for day, lines in ((16, [line]), (17, []), (18, [])):
        stamp = datetime(2026, 11, day, 21, tzinfo=UTC)
        name = land_file(context, "community_contact", lines, received_at=stamp, **month)
        receive(context)
        validate(context, delivery_id=name)
        assert told(context, name) == (("accepted", []) if lines else ("refused", ["HIST-006"]))
    overrule(context, delivery_id=name, verb="accept", who="an operator", reason="nothing was done that month")
    assert told(context, name)[0] == "accepted"
    again = land_file(
        context, "community_contact", [], received_at=datetime(2026, 11, 19, 21, tzinfo=UTC),
        **{**month, "period_start": "2026-09-01", "period_end": "2026-09-30"},
    )  # fmt: skip
    receive(context)
    validate(context, delivery_id=again)
    assert told(context, again) == ("accepted", [])


def test_a_period_sent_again_is_called_a_resubmission(sent: Context) -> None:
    days = {"period_start": day_of(5).isoformat(), "period_end": day_of(5).isoformat()}
    delivery_id = send(sent, 6, entries(5, rows=119), **days)
    report = json.loads((layout.delivery_report(sent.settings.home, delivery_id) / "report.json").read_text())
    [note] = [one for one in report["notes"] if "resubmission" in one]
    assert "9 November 2026" in note


def test_what_a_delivery_measured_is_in_the_ledger_and_holds_no_value(sent: Context) -> None:
    odd = entries(6, change=lambda row, line: {**line, "value_unit": "9990000018" if row < 9 else line["value_unit"]})
    delivery_id = send(sent, 6, odd)
    measured = read_profiles(sent.ledger, extract="gp_event", sender="RAL01")[delivery_id]
    assert (measured["rows"], float(measured["share.in_period"])) == (120, 1.0)
    assert 0 <= measured["empty.nhs_number"] <= 1
    assert not any("9990000018" in name for name in measured)


def test_the_page_shows_every_sender_what_came_and_what_did_not(sent: Context) -> None:
    send(sent, 6, entries(6, rows=12))
    send(sent, 9, entries(9))
    on = day_of(9)
    owing = [one.period_end for one in owed_deliveries(sent, on=on) if one.is_late]
    # The weekend of a sender who is expected every day, the days between; not the day that was refused.
    assert day_of(6) not in owing and day_of(7) in owing
    page = page_of(sent, as_of=on)
    [line] = [line for source in page.sources for line in source.lines]
    assert (line.sender, line.rows, len(line.weeks)) == ("RAL01", sum(120 + n for n in range(6)) + 120, 2)
    states = [mark.state for week in reversed(line.weeks) for mark in week]
    assert (states.count("accepted"), states.count("refused")) == (7, 1)
    assert [mark.state for mark in page.to_look_at] == ["late"]
    write_sources_page(sent, as_of=on)
    first = layout.sources_page(sent.settings.home).read_bytes()
    write_sources_page(sent, as_of=on)
    assert layout.sources_page(sent.settings.home).read_bytes() == first
    text = first.decode()
    assert f"deliveries/gp_event.RAL01.{day_of(6):%Y%m%d}T210000Z/report.html" in text
    assert "http" not in text and "<script" not in text and "9990000018" not in text


def late_on(context: Context, number: int) -> list[date]:
    return [one.period_end for one in owed_deliveries(context, on=day_of(number)) if one.is_late]


def state_of(context: Context, delivery_id: str) -> str:
    delivery = get_delivery(context.ledger, delivery_id)
    assert delivery is not None
    return delivery.state


def test_the_file_of_an_earlier_day_under_a_new_receipt_leaves_the_day_owed(sent: Context) -> None:
    assert state_of(sent, send(sent, 6, entries(5, rows=125))) == "duplicate"
    assert day_of(6) in late_on(sent, 9)


def test_an_empty_file_is_each_days_own(tmp_path: Path) -> None:
    context = opened(tmp_path / "home")
    assert [state_of(context, send(context, number, [])) for number in range(3)] == ["accepted"] * 3
    assert late_on(context, 4) == []


def test_the_page_of_an_earlier_night_knows_nothing_of_what_came_later(sent: Context) -> None:
    page = page_of(sent, as_of=day_of(2))
    [line] = [line for source in page.sources for line in source.lines]
    assert sum(mark.state == "accepted" for week in line.weeks for mark in week) == 3
    assert page.to_look_at == ()
