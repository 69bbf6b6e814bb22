"""Lateness: which deliveries are owed on a night, by extract and sender, from what the ledger says has come.

Senders are those from whom something of the extract came before: who never sent has no cadence yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.policy import SOURCES
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.calendar import Expected, Period, lies_in
from pipeline.rules.lateness import Came, owed
from pipeline.rules.times import day_in_words, intake_cut_off, night_at
from pipeline.steps.at_hand.context import Context

LATE_DAYS = 35  # late ones that are still worth asking for


@dataclass(frozen=True, order=True)
class Owed:
    """One delivery that has not come: due on a day, late from another on."""

    extract: str
    sender: str
    period_start: date
    period_end: date
    due_on: date
    late_from: date
    is_late: bool


def owed_deliveries(context: Context, *, on: date, known: Sequence[Delivery] | None = None) -> tuple[Owed, ...]:
    """Every delivery that is due by this night and had not come by its cut-off, in order of extract, sender, period.

    `known`: what had come by then, where that is not all that the ledger has by now.
    """
    project = context.settings.project
    contracts, holidays = load_extracts(project), load_holidays(project)
    if known is None:
        known = list_deliveries(context.ledger, received_before=intake_cut_off(on))
    by_sender: dict[tuple[str, str], list[Came]] = {}
    for delivery in known:
        if _is_stale(delivery, contracts.get(delivery.extract)):
            continue
        by_sender.setdefault((delivery.extract, delivery.sender), []).append(_came(delivery))
    found: list[Owed] = []
    for (extract, sender), came in by_sender.items():
        if extract in contracts:
            due, late = owed(contracts[extract].cadence, came, holidays=holidays, on=on)
            found += [_owed(extract, sender, one, is_late=False) for one in due]
            found += [_owed(extract, sender, one, is_late=True) for one in late]
    return tuple(sorted(found))


def newly_complete(context: Context, *, as_of: date) -> list[str]:
    """Sources of which all that is expected for the night is in, each given once and then never again for that night.

    None until something has come for the night. What is late already is not waited for; a delivery of the night that
    is refused, held or not yet judged is, since a better one may come before the cut-off.
    """
    contracts = load_extracts(context.settings.project)
    every = list_deliveries(context.ledger, received_before=intake_cut_off(as_of))
    tonight = [one for one in every if night_of(one) == as_of]
    if not any(one.state == "accepted" for one in tonight):
        return []
    doubted = [one for one in tonight if one.state in ("received", "held")]
    doubted += [one for one in refused_and_not_replaced(contracts, every, on=as_of) if night_of(one) == as_of]
    waited_for = [one.extract for one in owed_deliveries(context, on=as_of) if not one.is_late]
    waited_for += [one.extract for one in doubted]
    open_sources = {contracts[extract].source for extract in waited_for if extract in contracts}
    scope, told = f"night of {as_of}", []
    known = {record.step for record in steps.list_steps(context.ledger, scope=scope)}
    for source in SOURCES:
        name = f"complete {source}"
        if source not in open_sources and name not in known:
            steps.start_step(context.ledger, scope=scope, step=name, at=context.now())
            steps.finish_step(context.ledger, scope=scope, step=name, at=context.now(), counts={})
            told.append(source)
    return told


def refused_and_not_replaced(
    contracts: Mapping[str, ExtractContract], deliveries: Sequence[Delivery], *, on: date | None
) -> list[Delivery]:
    """Refused ones whose period no later accepted delivery of their extract and sender holds, in the order given.

    What came later for other days replaces nothing: October is still missing when September comes again. Where each
    file holds everything up to the end of its period, one that reaches as far does. A gap among good deliveries is
    told until its own day `on` is more than LATE_DAYS away (never given up for None, or while nothing good follows).
    """
    found = []
    for one in (one for one in deliveries if one.state == "refused"):
        after = good_after(one, deliveries)
        is_recent = on is None or night_of(one) > on - timedelta(days=LATE_DAYS)
        if not after or (is_recent and not _is_replaced(one, after, contracts.get(one.extract))):
            found.append(one)
    return found


def good_after(delivery: Delivery, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """What was accepted of the same extract and sender and received later."""
    who = (delivery.extract, delivery.sender)
    same = [one for one in deliveries if (one.extract, one.sender) == who and one.state == "accepted"]
    return [one for one in same if one.received_at > delivery.received_at]


def _is_replaced(refused: Delivery, after: Sequence[Delivery], contract: ExtractContract | None) -> bool:
    if contract is not None and contract.cadence.content in ("snapshot", "rolling_12_months"):
        return any(one.period_end >= refused.period_end for one in after)
    wanted = Period(refused.period_start, refused.period_end)
    return lies_in(wanted, [Period(one.period_start, one.period_end) for one in after])


def late_since(owing: Sequence[Owed], *, on: date, days: int) -> list[Owed]:
    """Those late ones that became so within the last days: what was missed long ago is history."""
    return [one for one in owing if one.is_late and one.late_from > on - timedelta(days=days)]


def late_in_words(title: str, sender: str, late: Sequence[Owed], *, extract: str) -> str:
    """What a sender owes of an extract: how many deliveries, and the first of them."""
    mine = sorted(one for one in late if (one.extract, one.sender) == (extract, sender))
    first = mine[0]
    period = period_in_words(first.period_start, first.period_end)
    many = f"{len(mine)} deliveries are late, the first" if len(mine) > 1 else "a delivery is late, the one"
    return f"{title} from {sender}: {many} for {period}, due {day_in_words(first.due_on)}"


def period_in_words(first: date, last: date) -> str:
    """One day, or the first and the last."""
    return day_in_words(first) if first == last else f"{day_in_words(first)} to {day_in_words(last)}"


def night_of(delivery: Delivery) -> date:
    """The night a delivery was received for."""
    return night_at(delivery.received_at)


def _is_stale(delivery: Delivery, contract: ExtractContract | None) -> bool:
    """Whether it is an earlier file under a new receipt: the period on that receipt is owed as before.

    An empty file says that there is nothing new, and a snapshot that nothing has changed: these may repeat themselves.
    """
    may_repeat = contract is None or contract.cadence.content == "snapshot" or not delivery.rows_in
    return delivery.state == "duplicate" and not may_repeat


def _came(delivery: Delivery) -> Came:
    period = Period(delivery.period_start, delivery.period_end)
    return Came(period, received_on=night_of(delivery), is_bulk=delivery.kind == "bulk")


def _owed(extract: str, sender: str, one: Expected, *, is_late: bool) -> Owed:
    return Owed(extract, sender, one.period.first, one.period.last, one.due_on, one.late_from, is_late)
