"""Sources page: what every sender sent, week by week, what became of it and what has not come, on one page.

Written to `reports/sources.html` at the end of intake of a night, and by `riskstrat sources`. It shows what had been
received by the night's cut-off, in the state it is in now, and changes nothing in the ledger.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from pipeline.channels.folder import put_file
from pipeline.channels.operator_page import Line, Mark, Source, SourcesPage, sources_page
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.times import day_in_words, intake_cut_off
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.link.watch import odd_rates_of
from pipeline.steps.receive.lateness import (
    LATE_DAYS,
    Owed,
    late_in_words,
    late_since,
    night_of,
    owed_deliveries,
    period_in_words,
)
from pipeline.store import layout

WEEKS = 26
_TITLES = {
    "gp": "General practice",
    "acute": "Hospital admissions",
    "emergency": "Emergency departments",
    "outpatient": "Outpatients",
    "community": "Community services",
    "mental_health": "Mental health",
    "social_care": "Adult social care",
    "reference": "Reference files",
}


def write_sources_page(context: Context, *, as_of: date) -> StepResult:
    """Write the page as of a night; counts what needs a look."""
    page = page_of(context, as_of=as_of)
    path = layout.sources_page(context.settings.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    put_file(path, sources_page(page))
    return StepResult(counts={"senders": sum(len(s.lines) for s in page.sources), "to_look_at": len(page.to_look_at)})


def page_of(context: Context, *, as_of: date) -> SourcesPage:
    """What the page says of everything received by the night's cut-off."""
    contracts = load_extracts(context.settings.project)
    known = list_deliveries(context.ledger, received_before=intake_cut_off(as_of))
    known = [delivery for delivery in known if delivery.extract in contracts]
    owing = owed_deliveries(context, on=as_of)
    weeks = _weeks(known, as_of=as_of)
    reports = layout.delivery_reports(context.settings.home)
    who = sorted({(delivery.extract, delivery.sender) for delivery in known})
    lines = [
        (contracts[extract].source, _line(contracts[extract], sender, known, owing, weeks=weeks, reports=reports))
        for extract, sender in who
    ]
    return SourcesPage(
        as_of=as_of,
        weeks=weeks,
        sources=tuple(
            Source(title, tuple(line for source, line in lines if source == name))
            for name, title in _TITLES.items()
            if any(source == name for source, _ in lines)
        ),
        to_look_at=(
            *_to_look_at(contracts, known, owing, as_of=as_of, reports=reports),
            *_out_of_bounds(context, contracts, known, reports=reports),
        ),
    )


def _weeks(known: Sequence[Delivery], *, as_of: date) -> tuple[date, ...]:
    """Mondays from the night's week back to the first delivery, at most WEEKS of them."""
    this = _monday(as_of)
    first = min((_monday(night_of(delivery)) for delivery in known), default=this)
    count = min((this - first).days // 7 + 1, WEEKS)
    return tuple(this - timedelta(weeks=back) for back in range(max(count, 1)))


def _line(
    contract: ExtractContract,
    sender: str,
    known: Sequence[Delivery],
    owing: Sequence[Owed],
    *,
    weeks: Sequence[date],
    reports: Path,
) -> Line:
    mine = [one for one in known if (one.extract, one.sender) == (contract.extract, sender)]
    good = [one for one in mine if one.state == "accepted"]
    shown = [one for one in good if _monday(night_of(one)) in weeks]
    rows = sum(one.rows_in for one in shown)
    apart = sum(one.rows_quarantined for one in shown)
    marks: dict[date, list[Mark]] = {week: [] for week in weeks}
    placed = [(night_of(one), _mark(one, reports=reports)) for one in mine]
    placed += [(one.due_on, _missing(one)) for one in owing if (one.extract, one.sender) == (contract.extract, sender)]
    for day, mark in sorted(placed, key=lambda one: one[0]):
        if _monday(day) in marks:
            marks[_monday(day)].append(mark)
    return Line(
        title=contract.title,
        extract=contract.extract,
        sender=sender,
        last_good=max((night_of(one) for one in good), default=None),
        latest_event_date=max((one.latest_event_date for one in good if one.latest_event_date), default=None),
        rows=rows,
        share_set_apart=apart / rows if rows else 0.0,
        share_without_number=sum(one.rows_unlinked for one in shown) / rows if rows else 0.0,
        share_in_conflict=sum(one.rows_conflict for one in shown) / rows if rows else 0.0,
        weeks=tuple(tuple(marks[week]) for week in weeks),
    )


def _mark(delivery: Delivery, *, reports: Path) -> Mark:
    says = (
        f"{period_in_words(delivery.period_start, delivery.period_end)}, received {day_in_words(night_of(delivery))}: "
    )
    says += f"{delivery.state}, "
    says += f"{delivery.rows_in:,} rows"
    if delivery.rows_quarantined:
        says += f", {delivery.rows_quarantined:,} set apart"
    if delivery.reason_code:
        says += f" ({delivery.reason_code})"
    return Mark(delivery.state, says, _link(delivery, reports=reports))


def _link(delivery: Delivery, *, reports: Path) -> str:
    """The report as the page finds it beside itself; files refused before they were opened have none."""
    name = f"{delivery.delivery_id}/report.html"
    return f"deliveries/{name}" if (reports / name).is_file() else ""


def _missing(one: Owed) -> Mark:
    period = period_in_words(one.period_start, one.period_end)
    if one.is_late:
        return Mark("late", f"{period}: due {day_in_words(one.due_on)}, nothing has come")
    return Mark("due", f"{period}: due {day_in_words(one.due_on)}, late from {day_in_words(one.late_from)}")


def _to_look_at(
    contracts: Mapping[str, ExtractContract],
    known: Sequence[Delivery],
    owing: Sequence[Owed],
    *,
    as_of: date,
    reports: Path,
) -> list[Mark]:
    found = []
    late = late_since(owing, on=as_of, days=LATE_DAYS)
    for extract, sender in sorted({(one.extract, one.sender) for one in late}):
        found.append(Mark("late", late_in_words(contracts[extract].title, sender, late, extract=extract)))
    latest = {(one.extract, one.sender): one for one in known if one.state != "duplicate"}
    for (extract, sender), one in sorted(latest.items()):
        if one.state in ("refused", "held"):
            what = {"refused": "was refused", "held": "is held back"}[one.state]
            says = f"{contracts[extract].title} from {sender}: the latest delivery {what}"
            says += f" ({one.reason_code}: {one.reason})" if one.reason_code else ""
            found.append(Mark(one.state, says, _link(one, reports=reports)))
    waiting = sum(one.state == "received" for one in known)
    if waiting:
        found.append(Mark("received", f"{waiting:,} deliveries wait for their verdict: run riskstrat validate"))
    return found


def _out_of_bounds(
    context: Context, contracts: Mapping[str, ExtractContract], known: Sequence[Delivery], *, reports: Path
) -> list[Mark]:
    """Senders whose latest delivery found its people less often than usual."""
    return [
        Mark(
            "accepted",
            f"{contracts[odd.delivery.extract].title} from {odd.delivery.sender}, its latest delivery: {odd.says}",
            _link(odd.delivery, reports=reports),
        )
        for odd in odd_rates_of(context, known)
    ]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
