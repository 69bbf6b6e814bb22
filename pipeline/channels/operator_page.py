"""One page for the operator: every sender and week, what came and what became of it, and what did not come.

Made of what it is given, so that the same ledger and night make the same bytes; no row, no person, no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from pipeline.channels.rendering import asset, templates
from pipeline.rules.times import day_in_words

# state: (letter on the page, what it means)
STATES = {
    "accepted": ("✓", "accepted"),
    "refused": ("✗", "refused"),
    "held": ("H", "held back by a person"),
    "duplicate": ("=", "the same bytes as before"),
    "received": ("…", "waits for its verdict"),
    "due": ("○", "due, within its days of grace"),
    "late": ("!", "late: nothing has come"),
}


@dataclass(frozen=True)
class Mark:
    """One delivery, or one that has not come: its state, what to say of it, and its report ('' for none)."""

    state: str
    says: str
    link: str = ""


@dataclass(frozen=True)
class Line:
    """One extract of one sender: marks by week, newest week first, and how far its data reach."""

    title: str
    extract: str
    sender: str
    last_good: date | None
    latest_event_date: date | None
    rows: int
    share_set_apart: float
    share_without_number: float
    share_in_conflict: float
    weeks: tuple[tuple[Mark, ...], ...]


@dataclass(frozen=True)
class Source:
    """A source and its lines."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class SourcesPage:
    """Everything the page says; `weeks` are Mondays, newest first."""

    as_of: date
    weeks: tuple[date, ...]
    sources: tuple[Source, ...]
    to_look_at: tuple[Mark, ...]


def sources_page(page: SourcesPage) -> bytes:
    """The page as UTF-8, self-contained."""
    counts = {state: 0 for state in STATES}
    for mark in _marks(page.sources):
        counts[mark.state] += 1
    text = (
        templates()
        .get_template("sources.html.j2")
        .render(
            page=page,
            counts=counts,
            states=STATES,
            words=day_in_words,
            style=Markup("".join(asset(name) for name in ("report.css", "sources.css"))),  # our own files
        )
    )
    return text.encode("utf-8")


def _marks(sources: Sequence[Source]) -> list[Mark]:
    return [mark for source in sources for line in source.lines for week in line.weeks for mark in week]
