"""When an extract is due and what a delivery of it replaces, in the supplier's words. Markdown lines."""

from collections.abc import Collection
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_parts import Cadence
from pipeline.rules import calendar
from pipeline.rules.times import day_in_words

# Days from which the worked examples run: each shows what a weekend or a holiday does.
_EXAMPLES_FROM = {
    "day": date(2026, 12, 24),
    "week": date(2026, 12, 14),
    "month": date(2026, 9, 1),
    "quarter": date(2026, 7, 1),
}
_EXAMPLES_TO = {
    "day": date(2026, 12, 30),
    "week": date(2027, 1, 10),
    "month": date(2026, 12, 31),
    "quarter": date(2027, 6, 30),
}
_EVERY = {
    "day": "every day",
    "week": "every week, Monday to Sunday",
    "month": "every calendar month",
    "quarter": "every calendar quarter",
    "irregular": "when there is something to send",
}
_CONTENT = {
    "delta": "what is new or changed since the delivery before",
    "full": "everything of the period, whole",
    "snapshot": "everything there is, whole",
    "rolling_12_months": "everything of the twelve months up to the end of the period, whole",
}


def content_in_words(contract: ExtractContract) -> str:
    """What one delivery holds."""
    if contract.cadence.content == "full" and contract.supersession.by == "key":
        return "every row that was open on any day of the period, also those sent before"
    return _CONTENT[contract.cadence.content]


def cadence_in_words(contract: ExtractContract) -> str:
    """How often and what, as one sentence without its full stop."""
    cadence = contract.cadence
    every = "every working day" if (cadence.every, cadence.on) == ("day", "working_day") else _EVERY[cadence.every]
    return f"{every}: {content_in_words(contract)}"


def due_in_words(cadence: Cadence) -> str:
    """When a period's delivery is due, as one sentence without its full stop."""
    if cadence.every == "irregular":
        return "no date is set"
    if cadence.due_working_days == 0:
        return "the same night, received by 02:00 London time on the morning after the period's last day"
    days = "1 working day" if cadence.due_working_days == 1 else f"{cadence.due_working_days} working days"
    return f"{days} after the period's last day, received by 02:00 London time on the morning after"


def timing(contract: ExtractContract, holidays: Collection[date]) -> list[str]:
    """The section on due dates, with worked examples."""
    cadence = contract.cadence
    if cadence.every == "irregular":
        return [
            "No date is set for this extract: send it when there is something to send. Nothing is ever late.",
            "",
        ]
    grace = "no day" if cadence.grace_days == 0 else f"{cadence.grace_days} more calendar day"
    grace += "" if cadence.grace_days < 2 else "s"
    lines = [
        f"Due: {due_in_words(cadence)}. After {grace} of grace it is named as late to the operator. Working days are "
        "Monday to Friday without England's bank holidays.",
        "",
        "| period | due on | late from |",
        "|---|---|---|",
    ]
    start, end = _EXAMPLES_FROM[cadence.every], _EXAMPLES_TO[cadence.every]
    for one in calendar.expected(start, end, cadence, holidays):
        first, last = day_in_words(one.period.first), day_in_words(one.period.last)
        span = first if first == last else f"{first} to {last}"
        lines.append(f"| {span} | {_weekday(one.due_on)} | {_weekday(one.late_from)} |")
    if cadence.content == "rolling_12_months":
        lines += [
            "",
            "The table names the quarter; the file reaches back further. On the receipt `period_start` is the first of "
            "the twelve months and `period_end` the quarter's last day.",
        ]
    return [*lines, ""]


def replacement(contract: ExtractContract) -> list[str]:
    """What a later delivery replaces, how rows are taken back, and what counts as the newest."""
    lines = _by_submission(contract) if contract.supersession.by == "submission" else _by_key(contract)
    lines.append(
        "The same row twice in one file counts once. Different rows with one key and no newer one are set apart."
    )
    return [f"A delivery holds {content_in_words(contract)}.", "", *(f"- {line}" for line in lines), ""]


def _by_submission(contract: ExtractContract) -> list[str]:
    within = " and ".join(f"`{contract.column(name).header}`" for name in contract.supersession.within)
    same = f" with the same {within}" if within else ""
    older = f", unless its `{contract.column(contract.version).header}` is earlier" if contract.version else ""
    return [
        f"**By submission.** A new submission replaces your last one{same}, whole{older}: a row you leave out is taken "
        "back. To correct anything, send all of it again, corrected.",
        f"Within a submission a row is identified by its key: {_key(contract)}.",
    ]


def _by_key(contract: ExtractContract) -> list[str]:
    received = "`received_at` of the receipt"
    version = f"`{contract.column(contract.version).header}`" if contract.version else received
    last = f"; where two rows say the same there, the one received last holds ({received})" if contract.version else ""
    lines = [
        f"**By key.** A row is identified by its key: {_key(contract)}. A row with a known key replaces the one "
        f"before, whole. Which is the newest is decided by {version}{last}.",
        "A row that you do not send again stays as it is.",
    ]
    if contract.withdrawn:
        header = contract.column(contract.withdrawn.column).header
        values = " or ".join(f"`{value}`" for value in contract.withdrawn.values)
        lines.append(f"To take a row back, send the whole row again with `{header}` {values}.")
    else:
        lines.append("No value takes a row back: see [good to know](#good-to-know).")
    return lines


def _key(contract: ExtractContract) -> str:
    return ", ".join(f"`{contract.column(name).header}`" for name in contract.key)


def _weekday(day: date) -> str:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return f"{names[day.weekday()]} {day_in_words(day)}"
