"""Segment: which need segment and which tier of need each scored person is in, by the first rule that matches.

Beside risk, not instead of it: segments describe and change slowly, risk orders within them. Says as well where each
person was on the night behind their practice's last edition, and how many have moved from which segment to which.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.ledger.runs import Run
from pipeline.rules import need_tiers, segments
from pipeline.rules.segments import moves
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.previous import editions_of_run, reference_of
from pipeline.store import layout, tables

# People looked at together: what they cost in memory does not grow with the region.
_AT_ONCE = 10_000
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("person_key", "segment", "need_tier", "segment_before", "need_tier_before")]
)


def segment(context: Context, *, run: Run) -> StepResult:
    """Write segment and tier of everyone in the run; counts are people per segment and tier, and who moved."""
    # read
    home = context.settings.home
    path, looked_at = layout.table(home, "feature"), {*segments.COLUMNS, *need_tiers.COLUMNS}
    columns = ["person_key", *sorted(looked_at & set(tables.schema(path).names))]
    seen = tables.read(path, column="run_key", values=[run.run_key], columns=columns)
    before = earlier_segments(context, run=run)
    # decide
    rows = [
        {
            "person_key": person["person_key"],
            "segment": segments.segment(person).code,
            "need_tier": need_tiers.need_tier(person).code,
            "segment_before": before.get(person["person_key"], {}).get("segment"),
            "need_tier_before": before.get(person["person_key"], {}).get("need_tier"),
        }
        for person in _people(seen)
    ]
    # write
    written = pa.Table.from_pylist(rows, schema=SCHEMA)
    tables.replace_slice(layout.table(home, "segment"), written, column="run_key", value=run.run_key)
    return StepResult(counts=_counts(rows), digest=tables.digest(written))


def _people(seen: pa.Table) -> Iterator[dict[str, Any]]:
    """The values that the rules look at, person by person in order of their keys."""
    for batch in seen.sort_by("person_key").to_batches(max_chunksize=_AT_ONCE):
        yield from batch.to_pylist()


def earlier_segments(context: Context, *, run: Run) -> dict[str, dict[str, Any]]:
    """Segment and tier of each person of the run on the night of their practice's last edition, by person key.

    Nobody's before the first edition, of people who were not in the cohort then, or once that night is no longer kept.
    """
    home = context.settings.home
    cohort = tables.read(
        layout.table(home, "cohort"), column="run_key", values=[run.run_key], columns=["person_key", "practice_code"]
    )
    nights = _nights_before(context, run=run, codes=sorted(set(cohort["practice_code"].to_pylist())))
    wanted = sorted({key for keys in nights.values() for key in keys})
    path = layout.table(home, "segment")
    if not tables.files(path, column="run_key", values=wanted):
        return {}
    known: dict[str, dict[str, dict[str, Any]]] = {}
    for row in tables.read(path, column="run_key", values=wanted).to_pylist():
        known.setdefault(row["run_key"], {})[row["person_key"]] = row
    found = {}
    for person_key, code in zip(cohort["person_key"].to_pylist(), cohort["practice_code"].to_pylist(), strict=True):
        rows = (known.get(key, {}).get(person_key) for key in nights[code])
        if row := next(filter(None, rows), None):
            found[person_key] = row
    return found


def _nights_before(context: Context, *, run: Run, codes: list[str]) -> dict[str, list[str]]:
    """Runs behind the editions that each practice's next one continues: its own first, then those merged into it."""
    reference = reference_of(context, run)
    nights = {}
    for code in codes:
        own, merged = editions_of_run(context.ledger, reference, code=code, run=run)
        editions = [own, *(merged[closed] for closed in sorted(merged))]
        nights[code] = [edition.run_key for edition in editions if edition is not None]
    return nights


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    """People per segment and tier, those who moved in all and by where from and to, and those not there before."""
    by_segment, by_tier = (Counter(row[name] for row in rows) for name in ("segment", "need_tier"))
    moved = moves((row["segment_before"], row["segment"]) for row in rows)
    return {
        **{code: by_segment[code] for code in sorted(by_segment)},
        **{f"tier_{code}": by_tier[code] for code in sorted(by_tier)},
        "moved": sum(moved.values()),
        "not_there_before": sum(row["segment_before"] is None for row in rows),
        **{f"from_{before}_to_{now}": people for (before, now), people in sorted(moved.items())},
    }


def moves_of(counts: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """The moves that a finished stage counted, by (segment before, segment now)."""
    codes = [one.code for one in segments.SEGMENTS]
    names = {f"from_{before}_to_{now}": (before, now) for before in codes for now in codes if before != now}
    return {names[name]: people for name, people in counts.items() if name in names}
