"""A quarter as it would go: a model is trained, and each week there are deliveries, a night, registers and answers.

What is kept of it is what somebody outside would hold: published files, files sent back, and what happened to whom.
"""

import contextlib
import html
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from homes import packs, settings_of
from quarter_answers import Sent, answering
from quarter_events import Happened, happening, with_what_happened
from quarter_expect import Lists, scores_of
from quarter_region import FIRST, NIGHTS, Row, land, make_region, senders, week_of
from small_plan import small_plan
from test_answers_come_back import rows_of

from pipeline.ledger import watched
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.intake import intake
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import train
from pipeline.steps.night.nightly import nightly
from pipeline.store import layout


@dataclass(frozen=True)
class Left:
    """Who left a register by its page: why, by number; how many more, and how many of those opted out."""

    named: Mapping[str, str]
    others: int
    opted_out: int


@dataclass(frozen=True)
class Week:
    """One night of the quarter: its run, each practice's register and who left it, and what watching measured.

    `scores` are risk and key by NHS number as they lay there that morning: who opts out later leaves them.
    """

    night: date
    run_key: str
    registers: Mapping[str, Sequence[Row]]
    left: Mapping[str, Left]
    churn: Mapping[str, Any] | None
    scores: Mapping[str, tuple[Decimal, str]]


@dataclass
class Quarter:
    """Everything of the thirteen weeks, and where the home and the generator's truth lie."""

    home: Path
    truth: Path
    weeks: list[Week] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)


def run_quarter(folder: Path) -> Quarter:
    """The whole quarter, in a home below the folder."""
    aside, home = folder / "aside", folder / "home"
    home.mkdir(parents=True)
    quarter = Quarter(home=home, truth=aside / "_truth")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        make_region(settings_of(home), aside=aside)
        _train(_at(home, FIRST))
        for week, night in enumerate(NIGHTS):
            if week:
                _land(quarter, aside, week)
            quarter.weeks.append(_night(quarter, night))
            quarter.sent += _answers(quarter, week)
    return quarter


def _at(home: Path, night: date, *, days: int = 1) -> Context:
    """The home, opened in the morning so many days after a night's day."""
    moment = datetime(night.year, night.month, night.day, 6, tzinfo=UTC) + timedelta(days=days)
    return open_context(settings_of(home, now=moment))


def _train(context: Context) -> None:
    intake(context, received_before=intake_cut_off(FIRST))
    # Only the set of sources that the policy lets be used.
    plan = small_plan()
    plan = small_plan(source_sets=[one for one in plan.source_sets if one.name == "gp_and_acute"])
    model = train(context, as_of=FIRST, hold_back=True, plan=plan)
    promote(context, model_id=model.model_id, who="A. Operator", reason="first model of a test", despite="a test")
    context.ledger.engine.dispose()


def _land(quarter: Quarter, aside: Path, week: int) -> None:
    """The week's files, with what happened to somebody in them."""
    last = quarter.weeks[-1]
    lists = Lists(layout.landing(quarter.home), night=last.night, truth=quarter.truth)
    now = happening(week, night=last.night, registers=last.registers, before=quarter.happened)
    quarter.happened += now
    batches = with_what_happened(
        week_of(aside, week), quarter.happened, week=week, newest=lists.newest, sender_of=senders()
    )
    land(layout.landing(quarter.home), batches)


def _night(quarter: Quarter, night: date) -> Week:
    context = _at(quarter.home, night)
    run = nightly(context, as_of=night, hold_back=True).run
    folders = packs(context.settings.home, night)
    found = watched.find_watched(context.ledger, run.run_key)
    context.ledger.engine.dispose()
    numbers = Lists(layout.landing(quarter.home), night=night, truth=quarter.truth).numbers()
    return Week(
        night=night,
        run_key=run.run_key,
        registers={code: rows_of(folder) for code, folder in folders.items()},
        left={code: left_on(next(folder.glob("*.html"))) for code, folder in folders.items()},
        churn=found.content["churn"] if found else None,
        scores=scores_of(quarter.home, run.run_key, numbers),
    )


def _answers(quarter: Quarter, week: int) -> list[Sent]:
    """What practices send in the week after this night; nothing after the last."""
    if week == len(NIGHTS) - 1:
        return []
    lists = Lists(layout.landing(quarter.home), night=NIGHTS[week], truth=quarter.truth)
    context = _at(quarter.home, NIGHTS[week], days=6)
    candidates = {
        code: sorted(people.values(), key=lambda row: (row["DateOfBirth"], row["NHSNumber"]))
        for code, people in lists.adults.items()
    }
    folders = {night: packs(quarter.home, night) for night in NIGHTS[max(0, week - 1) : week + 1]}
    sent = answering(context, week, folders=folders, candidates=candidates)
    context.ledger.engine.dispose()
    return sent


def left_on(page: Path) -> Left:
    """The part of a practice's page that says who left, as a reader finds it."""
    text = page.read_text(encoding="utf-8")
    part = re.search(r"<h3>Left the list</h3>(.*?)</section>", text, re.S)
    if part is None:
        return Left({}, 0, 0)
    rows = re.findall(r'<tr><th scope="row">.*?<span class="nhs">(.*?)</span>.*?<b>(.*?)</b></td></tr>', part[1], re.S)
    others = re.search(r"([0-9,]+) further (?:person|people)", part[1])
    opted = re.search(r"([0-9,]+) opted out", part[1])
    return Left(
        {re.sub(r"\D", "", html.unescape(number)): html.unescape(why) for number, why in rows},
        int(others[1]) if others else 0,
        int(opted[1]) if opted else 0,
    )
