"""After the night: the page that tells its story and the figures a monitor reads, whether it was published or stopped.

Called at the end of every night, by the shell and by the orchestrator. Doing it again gives the page as things stand.
"""

from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.tell.metrics import write_metrics
from pipeline.steps.tell.run_report import write_run_report


def after_night(context: Context, *, run: Run) -> dict[str, int]:
    """Write page and figures of the run as the ledger now knows it; how many of each.

    Figures are of nightly runs alone: a replay of an old night is no news to a monitor.
    """
    now = runs.get_run(context.ledger, run.run_key) or run
    write_run_report(context, run=now)
    samples = write_metrics(context, run=now).counts["samples"] if now.kind == "nightly" else 0
    return {"pages": 1, "samples": samples}
