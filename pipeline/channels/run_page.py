"""One page for a night: what came, what was let through, which model, what changed, what went out, how long it took.

Self-contained: no script, no outside request, no style attribute; the policy names the digest of the one style. Made of
what it is given: counts, codes of organisations and ids, never a person's value; no clock.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from markupsafe import Markup

from pipeline.channels.rendering import asset, strict_policy, templates
from pipeline.rules.times import day_in_words

Tone = Literal["good", "care", "bad", "plain"]
# The longest bar of the stages' drawing, in its own units.
BAR = 100.0


@dataclass(frozen=True)
class Look:
    """Something a person should see to: how grave, what, what to do next, and the runbook ('' for none).

    `about` is the name of its alert and the id of what it is about: nothing is told twice. It is not shown by itself.
    """

    tone: Tone
    says: str
    next_step: str = ""
    runbook: str = ""
    about: str = ""


@dataclass(frozen=True)
class Trouble:
    """One delivery that was not simply taken in: what became of it, why, and its report ('' for none)."""

    tone: Tone
    says: str
    link: str = ""


@dataclass(frozen=True)
class Came:
    """One extract of one sender: its deliveries of this night and where their rows went. Links begin at the page."""

    title: str
    extract: str
    sender: str
    last_received_at: datetime
    deliveries: int
    accepted: int
    troubles: tuple[Trouble, ...]
    rows_in: int
    rows_kept: int
    rows_set_apart: int
    rows_refused: int


@dataclass(frozen=True)
class SourceLine:
    """One source: whether it is used, how far its records reach, and how old that is in days (None: nothing came)."""

    title: str
    is_used: bool
    says: str
    received_at: datetime | None
    reaches: date | None
    age_days: int | None


@dataclass(frozen=True)
class Gate:
    """One gate and what it said."""

    title: str
    is_open: bool
    says: str


@dataclass(frozen=True)
class Figure:
    """A number with its name, as text."""

    title: str
    value: str
    says: str = ""


@dataclass(frozen=True)
class Table:
    """A small table of text: heads, then rows; the first cell of a row is its head."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Watched:
    """What watching found: verdict in words, findings, figures, tables, and what is not known."""

    tone: Tone
    says: str
    findings: tuple[Look, ...]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    not_known: tuple[str, ...]


@dataclass(frozen=True)
class EditionLine:
    """What one practice or area got, or why it got nothing; `leaves` is how far the sending is ('' with no plan)."""

    plane: str
    code: str
    tone: Tone
    state: str
    edition_id: str
    people: int | None
    leaves: str


@dataclass(frozen=True)
class StageLine:
    """One stage: seconds it took (None: not finished), what it counted, and where the counts are too many, how many."""

    name: str
    state: str
    started_at: datetime | None
    seconds: int | None
    says: str


@dataclass(frozen=True)
class StopLine:
    """One time that the night stopped: at which step, which kind of error, what it said, where, and what to do."""

    at: datetime
    step: str
    kind: str
    says: str
    place: str
    next_step: str


@dataclass(frozen=True)
class RunPage:
    """Everything the page says. `watched` is None before that stage; `tone` and `verdict` are of the whole night.

    `looks` are of this night; `standing` is what else stood open in the home at `written_at` (None: a replay, which is
    not the home's news); `alerts` is what somebody is told of.
    """

    as_of: date
    run_key: str
    kind: str
    is_fictitious: bool
    tone: Tone
    verdict: str
    says: str
    written_at: datetime
    looks: tuple[Look, ...]
    standing: tuple[Look, ...] | None
    alerts: tuple[Look, ...] | None
    came: tuple[Came, ...]
    sources: tuple[SourceLine, ...]
    gates: tuple[Gate, ...]
    people: tuple[Figure, ...]
    model: tuple[Figure, ...]
    why_model: tuple[str, ...]
    watched: Watched | None
    editions: tuple[EditionLine, ...]
    stops: tuple[StopLine, ...]
    stages: tuple[StageLine, ...]
    made_of: tuple[Figure, ...]


def run_page(page: RunPage) -> bytes:
    """The page as UTF-8; the same content always makes the same bytes."""
    style = asset("frame.css") + asset("run.css").strip()
    longest = max([stage.seconds or 0 for stage in page.stages], default=0) or 1
    text = (
        templates(trims_blocks=True)
        .get_template("run.html.j2")
        .render(
            page=page,
            words=day_in_words,
            moment=_moment,
            took=took,
            number=_number,
            bar=lambda seconds: f"{BAR * (seconds or 0) / longest:.1f}",
            style=Markup(style),  # our own file, digest in the policy below
            policy=strict_policy(style),
        )
    )
    return text.encode("utf-8")


def took(seconds: int | None) -> str:
    """A duration in words: 42 s, 3 min 05 s, 1 h 02 min."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _moment(at: datetime | None) -> str:
    return "–" if at is None else f"{at:%d/%m/%Y %H:%M}"


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:,}"
