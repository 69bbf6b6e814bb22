"""After the night: the page that tells its story and the figures a monitor reads, whether it was published or stopped.

`after_night` ends every night, by the shell and by the orchestrator. What practices were handed is not undone by a page
that could not be written: the night stays what it is, and that its report is missing is said, logged and kept in the
ledger, from which `status` and the alerts tell it until it is written. `report_night` is the same for whoever asked for
the report, and raises.
"""

from contextlib import suppress

from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.log import say, step_log
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.stops import REPORT, stop_kept
from pipeline.steps.tell.metrics import write_metrics
from pipeline.steps.tell.run_report import write_run_report
from pipeline.store import layout


def after_night(context: Context, *, run: Run) -> dict[str, int]:
    """Write page and figures of the run as the ledger now knows it; how many of each, none where it failed."""
    try:
        with stop_kept(context, as_of=run.as_of, step=REPORT, run_key=run.run_key):
            return report_night(context, run=run)
    except Exception as error:
        logger = step_log(step=REPORT, run_key=run.run_key, as_of=run.as_of.isoformat())
        logger.exception("the report was not written")
        say(
            f"  the report of the night of {run.as_of} could not be written ({type(error).__name__}); the night itself "
            f"is as it was. Put it right, then: riskstrat run-report --as-of {run.as_of} --run-key {run.run_key}"
        )
        return {"pages": 0, "samples": 0}


def report_night(context: Context, *, run: Run) -> dict[str, int]:
    """The same, and raises what went wrong: an earlier page of the run is then gone, since it would mislead.

    Figures are of nightly runs alone: a replay of an old night is no news to a monitor.
    """
    now = runs.get_run(context.ledger, run.run_key) or run
    try:
        samples = write_metrics(context, run=now).counts["samples"] if now.kind == "nightly" else 0
        # Last: where it lies, the rest is there too.
        write_run_report(context, run=now)
    except Exception:
        with suppress(OSError):
            layout.run_page(context.settings.home, now.as_of, now.run_key).unlink(missing_ok=True)
        raise
    return {"pages": 1, "samples": samples}
