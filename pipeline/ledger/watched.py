"""What watching found of each night, and who decided that a held one is published all the same.

Measures and counts of everyone together, never of a person. They stay when the scores they were made of are purged:
later nights read from here how earlier ones did.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select

from pipeline.errors import PipelineError
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, reading, upsert, writing
from pipeline.ledger.tables import watch_release, watched_night
from pipeline.rules import nhs_number

Verdict = Literal["quiet", "notice", "hold"]


@dataclass(frozen=True)
class Watched:
    """One night's findings; `content` is what reports/runs/<run key>/watch.json holds."""

    run_key: str
    as_of: date
    verdict: Verdict
    content: dict[str, Any]


@dataclass(frozen=True)
class Release:
    """Who let a held night be published, and why."""

    run_key: str
    who: str
    reason: str
    at: datetime


def record_watched(ledger: Ledger, *, watched: Watched) -> None:
    """Set what was found of the night; the same night watched again takes its place."""
    row = {
        "run_key": watched.run_key,
        "as_of": watched.as_of,
        "verdict": watched.verdict,
        "content": watched.content,
    }
    with writing(ledger) as connection:
        upsert(connection, watched_night, [row])


def find_watched(ledger: Ledger, run_key: str) -> Watched | None:
    """What was found of the run, or None when it has not been watched."""
    with reading(ledger) as connection:
        row = connection.execute(select(watched_night).where(watched_night.c.run_key == run_key)).one_or_none()
    return None if row is None else Watched(**row._mapping)


def list_watched(ledger: Ledger) -> list[Watched]:
    """Every night that was watched, by date, then by run key."""
    chosen = select(watched_night).order_by(watched_night.c.as_of, watched_night.c.run_key)
    with reading(ledger) as connection:
        return [Watched(**row._mapping) for row in connection.execute(chosen)]


def record_release(ledger: Ledger, *, release: Release) -> None:
    """Enter the decision with its row in the audit; PipelineError for words with what looks like an NHS number."""
    if nhs_number.mask(f"{release.who} {release.reason}") != f"{release.who} {release.reason}":
        raise PipelineError("a decision's reason holds what looks like an NHS number: say it without")
    row = {"run_key": release.run_key, "who": release.who, "reason": release.reason, "at": release.at}
    with writing(ledger) as connection:
        connection.execute(watch_release.insert(), [row])
        append_within(
            connection,
            at=release.at,
            who=release.who,
            action="publish_anyway",
            run_key=release.run_key,
            subject=f"scores of run {release.run_key}",
            counts={"reason": release.reason},
        )


def release_of(ledger: Ledger, run_key: str) -> Release | None:
    """The latest decision about this run, or None."""
    chosen = (
        select(watch_release.c.run_key, watch_release.c.who, watch_release.c.reason, watch_release.c.at)
        .where(watch_release.c.run_key == run_key)
        .order_by(watch_release.c.release_id.desc())
        .limit(1)
    )
    with reading(ledger) as connection:
        row = connection.execute(chosen).one_or_none()
    return None if row is None else Release(**row._mapping)
