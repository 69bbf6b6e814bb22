"""The night: intake, then the run from features to publication, each step recorded under the run key.

A night killed anywhere and started again finds its frozen run, redoes the step it was in and ends with the same
bytes. A night that finished before is left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from pipeline.errors import UserError
from pipeline.ledger import runs, steps
from pipeline.ledger.runs import Run
from pipeline.ledger.steps import StepRecord
from pipeline.log import say
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.codelists import as_released
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.lineage import stage_of, traced
from pipeline.steps.at_hand.stops import stop_is_kept, stop_kept
from pipeline.steps.features.features import features
from pipeline.steps.intake import Intake, intake
from pipeline.steps.model.score import score
from pipeline.steps.night.after_night import after_night
from pipeline.steps.publish.publish import publish
from pipeline.steps.register.register import register
from pipeline.steps.register.segment import segment
from pipeline.steps.run.run import check_has_come, open_run
from pipeline.steps.tell.sources_page import write_sources_page
from pipeline.steps.watch.watch import watch

STAGES: dict[str, Callable[..., StepResult]] = {
    "features": features,
    "score": score,
    "segment": segment,
    "register": register,
    "watch": watch,
    "publish": publish,
}


@dataclass(frozen=True)
class Night:
    """The run of a night and what its steps counted."""

    run: Run
    counts: dict[str, dict[str, int]]


def nightly(
    context: Context, *, as_of: date, hold_back: bool, knowledge: str = "then", correction: str | None = None
) -> Night:
    """Run the whole night; raises what its steps raise. `correction` is the reason for a corrected edition.

    `hold_back` plays a night of an invented region, which may lie ahead of this machine's clock.
    """
    if hold_back:
        context = _played(context, as_of=as_of)
    # Before the intake, which would tell of this night too.
    check_has_come(context, as_of=as_of)
    take_in(context, as_of=as_of, hold_back=hold_back)
    run = open_run(context, as_of=as_of, knowledge=knowledge, correction=correction)
    if run.kind == "replay":
        say("  a replay: its packs lie under registers/replays and disturb no edition")
    try:
        counts = {name: run_stage(context, name, run=run).counts for name in STAGES}
    except Exception:
        # How far it got, and why it stopped, is what the page of such a night is for.
        after_night(context, run=run)
        raise
    after_night(context, run=run)
    return Night(run=run, counts=counts)


def _played(context: Context, *, as_of: date) -> Context:
    """At the night's own cut-off, where the clock stands before it."""
    now = max(context.now(), intake_cut_off(as_of))
    return replace(context, settings=context.settings.model_copy(update={"now": now}))


@stop_is_kept("intake")
def take_in(context: Context, *, as_of: date, hold_back: bool) -> Intake:
    """Take in all that has landed: what the night may use is for its delivery set to say, but dissent counts at once.

    `hold_back` plays the past: what is stamped after the night's cut-off has not arrived yet.
    """
    took = intake(context, received_before=intake_cut_off(as_of) if hold_back else None)
    say(
        f"night of {as_of}: {took.received} deliveries received, {took.accepted} accepted, {took.refused} refused, "
        f"{took.duplicates} duplicate; {took.rows_linked:,} rows linked"
    )
    write_sources_page(context, as_of=as_of)
    return took


def run_stage(context: Context, name: str, *, run: Run, again: bool = False) -> StepResult:
    """One stage of a run, unless it has finished already and is not asked for again; recorded before and after."""
    if run.kind == "replay":
        # Of a past night, with the model of that night: it learned from those lists.
        context = as_released(context, run.inputs.get("codelist_release"))
    _check_keys(context, run)
    done = {record.step: record for record in steps.list_steps(context.ledger, scope=run.run_key)}
    record = done.get(name)
    names = list(STAGES)
    for before in names[: names.index(name)]:
        if before not in done or done[before].state != "finished":
            raise UserError(
                f"Stage {name} needs {before}, which has not finished",
                where=f"night of {run.as_of}, run {run.run_key}",
                next_step=f"riskstrat {before} --as-of {run.as_of}, or the whole night with riskstrat nightly",
            )
    if record is not None and record.state == "finished" and not again:
        say(f"  {name}: done before ({_told(record.counts)})")
        if name == names[-1]:
            _finish(context, run=run, done=done)
        return StepResult(counts=record.counts, digest=record.digest)
    steps.start_step(context.ledger, scope=run.run_key, step=name, at=context.now())
    told, kept = stage_of(context, run, name), stop_kept(context, as_of=run.as_of, step=name, run_key=run.run_key)
    with traced(context, told) as trace, kept:
        result = STAGES[name](context, run=run)
        trace.counts = result.counts
    steps.finish_step(
        context.ledger,
        scope=run.run_key,
        step=name,
        at=context.now(),
        counts=result.counts,
        digest=result.digest,
    )
    say(f"  {name}: {_told(result.counts)}")
    if name == names[-1]:
        made = {record.step: record for record in steps.list_steps(context.ledger, scope=run.run_key)}
        _finish(context, run=run, done=made)
    return result


def _check_keys(context: Context, run: Run) -> None:
    """Raises UserError where the run was frozen under keys that have been rotated since: no night mixes two."""
    if run.inputs.get("keys", context.keys.ids) != context.keys.ids:
        raise UserError(
            "The run was frozen under other keys than the home is under now",
            where=f"night of {run.as_of}, run {run.run_key}",
            next_step=f"riskstrat nightly --as-of {run.as_of}: it is made anew under the present keys",
        )


def _finish(context: Context, *, run: Run, done: dict[str, StepRecord]) -> None:
    """Mark the run finished with what its stages counted; one that finished before stays as it was."""
    if run.state != "finished":
        counts = _flat({name: done[name].counts for name in STAGES})
        runs.finish_run(context.ledger, run_key=run.run_key, at=context.now(), counts=counts)


def _told(counts: dict[str, int]) -> str:
    # Where from and where to is for riskstrat transitions: too much for a line.
    told = {name: count for name, count in counts.items() if not name.startswith("from_")}
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in told.items())


def _flat(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    return {f"{step}.{name}": count for step, named in counts.items() for name, count in named.items()}
