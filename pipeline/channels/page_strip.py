"""Eighteen months of one person as a strip of four lanes: stays, A&E, community contacts, council care.

One unit is a day across and about a pixel down. Only path data and plain words are made here; the colours are classes
of the style sheet, and no mark is told apart by colour alone: kinds in one lane differ in height.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.contracts.register import Activity, CareSpell, Stay
from pipeline.rules.times import day_in_words

MONTHS = 18
LANE = 14
LANES = ("Stays", "A&E", "Community", "Care")
NARROWEST = 4  # units, so that a day is seen
MANY_CONTACTS = 12  # in a month: a full bar
CARE_WORDS = {"home_care": "home care", "care_home": "care home", "short_term": "short-term support"}
# Within a lane: class, top and height of its marks.
_EMERGENCY, _PLANNED = ("e", 1, 12), ("p", 7, 6)
_CARE = {"care_home": ("r", 1, 12), "home_care": ("h", 4, 8), "short_term": ("s", 8, 4)}


@dataclass(frozen=True)
class Strip:
    """Width and height in units; (class, path data) to draw; the same in words."""

    width: int
    height: int
    paths: tuple[tuple[str, str], ...]
    words: str


def first_day(index_date: date) -> date:
    """The day 18 months before the index date; the last day of a shorter month."""
    months = index_date.year * 12 + index_date.month - 1 - MONTHS
    year, month = divmod(months, 12)
    for day in (index_date.day, 30, 29, 28):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def strip(activity: Activity, *, index_date: date) -> Strip:
    """The strip of a person; a lane that is not known is drawn as such, never as empty."""
    start = first_day(index_date)
    width = (index_date - start).days
    paths = []
    for lane, marks in enumerate(
        (
            _of_stays(activity.stays, start, width),
            None if activity.attendances is None else {"a": _ticks(activity.attendances, start, width)},
            None if activity.community_contacts is None else {"c": _bars(activity.community_contacts, start, width)},
            _of_care(activity.care, start, width),
        )
    ):
        if marks is None:
            paths.append(("u", _box(0, width, lane * LANE + 6, 2)))
            continue
        paths += [(kind, _path(boxes, top=lane * LANE)) for kind, boxes in marks.items() if boxes]
    return Strip(width=width, height=LANE * len(LANES), paths=tuple(paths), words=in_words(activity))


def grid(index_date: date) -> str:
    """Path data of a line at the start of every third month of the calendar year, as the strips are wide."""
    start = first_day(index_date)
    firsts = [date(year, month, 1) for year in range(start.year, index_date.year + 1) for month in (1, 4, 7, 10)]
    height = LANE * len(LANES)
    return "".join(f"M{(day - start).days} 0v{height}" for day in firsts if start < day < index_date)


def in_words(activity: Activity) -> str:
    """The four lanes as a sentence each, for who cannot see the strip."""
    told = (
        _stays_in_words(activity.stays),
        _days_in_words(activity.attendances, "A&E attendance", "A&E attendances"),
        _days_in_words(activity.community_contacts, "community contact", "community contacts"),
        _care_in_words(activity.care),
    )
    return ". ".join(told) + "."


_Box = tuple[int, int, int, int]


def _of_stays(stays: Sequence[Stay] | None, start: date, width: int) -> dict[str, list[_Box]] | None:
    if stays is None:
        return None
    found: dict[str, list[_Box]] = {"p": [], "e": []}
    for stay in stays:
        kind, top, height = _EMERGENCY if stay.is_emergency else _PLANNED
        found[kind].append(_span(stay.first_day, stay.last_day, start, width, top, height))
    return found


def _of_care(care: Sequence[CareSpell] | None, start: date, width: int) -> dict[str, list[_Box]] | None:
    if care is None:
        return None
    found: dict[str, list[_Box]] = {"s": [], "h": [], "r": []}
    for spell in care:
        kind, top, height = _CARE[spell.kind]
        found[kind].append(_span(spell.first_day, spell.last_day, start, width, top, height))
    return found


def _span(first: date, last: date | None, start: date, width: int, top: int, height: int) -> _Box:
    """From the first day to the last, both included, as far as the strip reaches; to its end while it goes on."""
    left = max(0, (first - start).days)
    right = width if last is None else min(width, (last - start).days + 1)
    long = max(NARROWEST, right - left)
    return min(left, width - long), long, top, height


def _ticks(days: Iterable[date], start: date, width: int) -> list[_Box]:
    """A tick for each day; several on one day stand taller."""
    times: dict[date, int] = {}
    for day in days:
        times[day] = times.get(day, 0) + 1
    places = {day: min((day - start).days, width - 3) for day in times}
    return [(places[day], 3, 3, 8) if many == 1 else (places[day], 3, 0, 13) for day, many in times.items()]


def _bars(days: Iterable[date], start: date, width: int) -> list[_Box]:
    """A bar for each calendar month, as high as there were contacts, up to MANY_CONTACTS."""
    months: dict[date, int] = {}
    for day in days:
        first = day.replace(day=1)
        months[first] = months.get(first, 0) + 1
    found = []
    for first, many in months.items():
        after = (first + timedelta(days=31)).replace(day=1)
        left, right = max(0, (first - start).days), min(width, (after - start).days)
        height = 2 + round((LANE - 4) * (min(many, MANY_CONTACTS) - 1) / (MANY_CONTACTS - 1))
        found.append((left + 1, max(NARROWEST, right - left - 2), LANE - 1 - height, height))
    return found


def _path(boxes: Iterable[_Box], *, top: int) -> str:
    return "".join(_box(left, long, top + y, height) for left, long, y, height in sorted(set(boxes)))


def _box(left: int, long: int, top: int, height: int) -> str:
    return f"M{left} {top}h{long}v{height}h-{long}z"


def _stays_in_words(stays: Sequence[Stay] | None) -> str:
    if stays is None:
        return "Hospital stays not known"
    emergencies = [stay for stay in stays if stay.is_emergency]
    planned = len(stays) - len(emergencies)
    told = _counted(len(emergencies), "emergency stay", "emergency stays")
    if emergencies:
        last = emergencies[-1]
        until = "not over" if last.last_day is None else f"until {day_in_words(last.last_day)}"
        told += f", the last from {day_in_words(last.first_day)}, {until}"
    return f"{told}; {_counted(planned, 'planned stay', 'planned stays').lower()}"


def _days_in_words(days: Sequence[date] | None, one: str, many: str) -> str:
    if days is None:
        return f"{many[:1].upper()}{many[1:]} not known"
    return _counted(len(days), one, many) + (f", the last on {day_in_words(days[-1])}" if days else "")


def _care_in_words(care: Sequence[CareSpell] | None) -> str:
    if care is None:
        return "Council care not known"
    if not care:
        return "No council care"
    told = [
        f"{CARE_WORDS[spell.kind]} from {day_in_words(spell.first_day)}"
        + ("" if spell.last_day is None else f" to {day_in_words(spell.last_day)}")
        for spell in care
    ]
    return "Council: " + ", ".join(told)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number or 'No'} {one if number == 1 else many}"
