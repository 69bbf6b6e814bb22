"""Whether the report of a night is missing since it could not be written; what an operator is told of it.

Nights of before there was a report, and those of which it was purged, are not missing one.
"""

from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.stops import reports_not_written
from pipeline.store import layout


def report_missing(context: Context, run: Run) -> list[tuple[str, str]]:
    """(what is so, what to do) for a finished run whose report failed and has not been written since."""
    page = layout.run_page(context.settings.home, run.as_of, run.run_key)
    if run.run_key not in reports_not_written(context) or page.is_file():
        return []
    says = f"The report of the night of {run.as_of} could not be written; its registers are out"
    return [(says, f"Put right what its log says, then: riskstrat run-report --as-of {run.as_of}")]
