"""Segment: which need segment each scored person is in, by the first rule that matches.

Beside risk, not instead of it: segments describe and change slowly, risk orders within them.
"""

import pyarrow as pa

from pipeline.ledger.runs import Run
from pipeline.rules import segments
from pipeline.steps.context import Context, StepResult
from pipeline.store import layout, tables


def segment(context: Context, *, run: Run) -> StepResult:
    """Write the segment of everyone in the run; counts are people per segment."""
    # read
    home = context.settings.home
    wide = tables.read(layout.table(home, "feature"), column="run_key", values=[run.run_key])
    # decide
    people = wide.sort_by("person_key").to_pylist()
    codes = [segments.segment(person).code for person in people]
    # write
    rows = pa.table(
        {
            "person_key": pa.array([person["person_key"] for person in people], type=pa.string()),
            "segment": pa.array(codes, type=pa.string()),
        }
    )
    tables.replace_slice(layout.table(home, "segment"), rows, column="run_key", value=run.run_key)
    return StepResult(counts={code: codes.count(code) for code in sorted(set(codes))}, digest=tables.digest(rows))
