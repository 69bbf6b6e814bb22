"""Writes what a backfill produced against what was published on each date, as JSON and as a page of text.

Made from the ledger alone, so that it can be written again at any time: after every night, and when it was stopped.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from pipeline.channels.backfill_words import as_text
from pipeline.channels.folder import put_file
from pipeline.ledger import backfills
from pipeline.ledger.backfills import BackfilledNight
from pipeline.rules.backfill_dates import Every, as_of_dates
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout

SCHEMA = "backfill/1"


def write_report(context: Context, *, series: str) -> Path:
    """The folder of the report, with `report.json` and `report.md` in it."""
    asked = backfills.get_backfill(context.ledger, series)
    assert asked is not None
    nights = backfills.nights(context.ledger, series=series)
    of = len(nights)
    if asked.first_day is not None and asked.last_day is not None and asked.every is not None:
        of = len(as_of_dates(asked.first_day, asked.last_day, cast(Every, asked.every)))
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "series": series,
        "knowledge": asked.knowledge,
        "first_day": _iso(asked.first_day),
        "last_day": _iso(asked.last_day),
        "every": asked.every,
        "sends": asked.sends,
        "state": asked.state,
        "of": of,
        "nights": [_night(one) for one in nights],
    }
    folder = layout.backfill_report(context.settings.home, series)
    folder.mkdir(parents=True, exist_ok=True)
    put_file(folder / "report.json", (json.dumps(report, sort_keys=True, indent=2) + "\n").encode())
    put_file(folder / "report.md", as_text(report).encode())
    return folder


def seconds_of(night: BackfilledNight) -> int | None:
    """How long the night took from its first attempt that counts, in whole seconds; None while it is not made."""
    return None if night.finished_at is None else round(_between(night.started_at, night.finished_at))


def _night(night: BackfilledNight) -> dict[str, Any]:
    return {
        "as_of": night.as_of.isoformat(),
        "run_key": night.run_key,
        "state": night.state,
        "seconds": seconds_of(night),
        "content": dict(night.content),
    }


def _between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def _iso(day: Any) -> str | None:
    return day.isoformat() if day is not None else None
