"""The night as an orchestrator's tasks: plain text in, ids and counts out, so that nothing personal travels between.

Each task opens its own context from the environment it is handed, can be retried, and does what the command of the
same name does.
"""

from collections.abc import Mapping
from datetime import date

from pipeline.contracts.settings import read_settings
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import runs, steps
from pipeline.ledger.runs import Run
from pipeline.steps.context import Context, open_context
from pipeline.steps.nightly import STAGES, finish, run_stage, take_in
from pipeline.steps.run import open_run

STAGE_NAMES = tuple(STAGES)


def take_in_night(environment: Mapping[str, str], *, as_of: str | None) -> dict[str, int]:
    """Intake for the night; counts of deliveries."""
    took = take_in(_context(environment), as_of=_night(as_of), knowledge="then")
    return {"received": took.received, "accepted": took.accepted, "refused": took.refused}


def freeze_night(environment: Mapping[str, str], *, as_of: str | None) -> str:
    """Freeze the run of the night; its key."""
    return open_run(_context(environment), as_of=_night(as_of), knowledge="then").run_key


def run_night_stage(environment: Mapping[str, str], *, run_key: str, stage: str) -> dict[str, int]:
    """One stage of a frozen run; its counts."""
    context = _context(environment)
    return run_stage(context, stage, run=_run(context, run_key)).counts


def finish_night(environment: Mapping[str, str], *, run_key: str) -> str:
    """Mark the run finished; raises PipelineError if a stage is not."""
    context = _context(environment)
    records = {record.step: record for record in steps.list_steps(context.ledger, scope=run_key)}
    missing = [name for name in STAGES if name not in records or records[name].state != "finished"]
    if missing:
        raise PipelineError(f"run {run_key} cannot finish: {', '.join(missing)} did not")
    finish(context, run=_run(context, run_key), counts={name: records[name].counts for name in STAGES})
    return run_key


def _night(as_of: str | None) -> date:
    try:
        # A partition key may carry a time after the date.
        return date.fromisoformat((as_of or "")[:10])
    except ValueError:
        raise UserError(
            "This run has no as-of date",
            where="its partition key and its parameter as_of",
            next_step='trigger it with a partition key, or with {"as_of": "2026-11-22"}',
        ) from None


def _context(environment: Mapping[str, str]) -> Context:
    return open_context(read_settings(environment))


def _run(context: Context, run_key: str) -> Run:
    run = runs.get_run(context.ledger, run_key)
    if run is None:
        raise PipelineError(f"the ledger knows no run {run_key}")
    return run
