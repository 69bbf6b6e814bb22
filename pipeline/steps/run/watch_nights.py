"""Which earlier nights a night is watched against, as far as the store still holds them.

Chosen when the run is frozen, and part of its key: what was purged since cannot change the bytes of a night unnoticed.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta

from pipeline.contracts.model import Plan
from pipeline.contracts.watching import Watching
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.rules.times import index_date, months_before
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

EARLY_DAYS = 30
# The table of steps/holdout.py, which stands above this module: freezing a run must not load what learns.
HOLDOUT = "holdout"
NIGHTS = ("before", "early", "whole")
# What each comparison reads of that night.
READS = {
    "before": ("cohort", "score", "feature", "register"),
    "early": ("cohort", "score"),
    "whole": ("cohort", "score"),
}


def nights_to_watch(
    context: Context,
    *,
    as_of: date,
    watching: Watching,
    plan: Plan,
    model_id: str,
    among: Collection[str] | None = None,
) -> dict[str, str | None]:
    """What goes into a run's inputs: the policy's digest, a run key for each of NIGHTS, and whose hold-out is held.

    `before`: the latest finished night at least so many days before, and not longer ago than the policy says. `early`
    and `whole`: the latest of which the first thirty days, or all twelve months, are known with the lag of the labels.
    With `among`, a backfill's, only these runs.
    """
    finished = [run for run in runs.list_runs(context.ledger, kind="nightly") if run.state == "finished"]
    finished = [run for run in finished if among is None or run.run_key in among]
    day, lag = index_date(as_of), plan.index_dates.label_lag_months
    compare = watching.compare
    newest, oldest = as_of - timedelta(days=compare.days_before), as_of - timedelta(days=compare.days_most)
    early = months_before(day, lag) - timedelta(days=EARLY_DAYS)
    whole = months_before(day, plan.horizon_months + lag)
    chosen: dict[str, Callable[[Run], bool]] = {
        "before": lambda run: oldest <= run.as_of <= newest,
        "early": lambda run: index_date(run.as_of) <= early,
        "whole": lambda run: index_date(run.as_of) <= whole,
    }
    found = {name: _latest(context, [run for run in finished if fits(run)], name) for name, fits in chosen.items()}
    holdouts = tables.slices(layout.table(context.settings.home, HOLDOUT), column="model_id")
    return {"policy": watching.digest, **found, "holdout": model_id if model_id in holdouts else None}


def watched_run(context: Context, run: Run, name: str) -> Run | None:
    """The night that this run was frozen to be held against, under one of NIGHTS."""
    key = dict(run.inputs.get("watching") or {}).get(name)
    return runs.get_run(context.ledger, str(key)) if key else None


def _latest(context: Context, candidates: Sequence[Run], name: str) -> str | None:
    if not candidates:
        return None
    home = context.settings.home
    held = [set(tables.slices(layout.table(home, table), column="run_key")) for table in READS[name]]
    kept = [run for run in candidates if all(run.run_key in keys for keys in held)]
    last = max(kept, key=lambda run: (run.as_of, run.started_at, run.run_key), default=None)
    return last.run_key if last else None
