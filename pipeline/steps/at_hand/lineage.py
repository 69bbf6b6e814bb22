"""Lineage and log lines of a step: told when it starts, and when it ends well or not.

Events go to `lineage/<year>-<month>.jsonl` in the home, in the form of OpenLineage; the same start and end go to the
log as one line of JSON each. Names of steps, tables, kinds of file and columns, counts and ids; never a value. A step
does not fail because it could not be told of: the log then says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import NAMESPACE_URL, UUID, uuid5

from pipeline.channels.lineage_file import Dataset, Event, EventType, append_events
from pipeline.errors import ChannelError
from pipeline.ledger.deliveries import get_delivery
from pipeline.ledger.runs import Run
from pipeline.log import is_for_machines, step_log
from pipeline.rules.times import intake_cut_off
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.lineage_datasets import of_delivery, of_intake, of_stage
from pipeline.store import layout

# Which code made a night is in its run key; this says only whose events these are.
PRODUCER = "urn:riskstrat:pipeline"
# Run ids are of version 5 within it: the same run and step have the same id wherever and whenever they run.
RUNS: UUID = uuid5(NAMESPACE_URL, "riskstrat/openlineage")
NIGHT = "night"
Given = ParamSpec("Given")


@dataclass
class Trace:
    """What a step is told with; the step's own counts are put in when it has ended."""

    step: str
    scope: str
    datasets: tuple[Sequence[Dataset], Sequence[Dataset]]
    run: Run | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def run_id(scope: str, step: str) -> str:
    """The id of a step's run: of a run key or delivery id, and the step's name."""
    return str(uuid5(RUNS, f"{scope}/{step}"))


@contextmanager
def traced(context: Context, trace: Trace) -> Iterator[Trace]:
    """Tell that the step starts, and how it ends; an error goes on as it was raised."""
    began = context.now()
    _log(trace, "started")
    _tell(context, trace, "START")
    try:
        yield trace
    except Exception as error:
        # The error's words are for whoever handles it; here its kind is enough.
        _log(trace, "failed", state=type(error).__name__, seconds=int((context.now() - began).total_seconds()))
        _tell(context, trace, "FAIL", fault=type(error).__name__)
        raise
    _log(trace, "finished", counts=dict(trace.counts), seconds=int((context.now() - began).total_seconds()))
    _tell(context, trace, "COMPLETE")


def _log(trace: Trace, event: str, **told: object) -> None:
    """A line for a stage; of a delivery, of which a night may have hundreds, the ledger and the lineage are enough."""
    if trace.run is not None and is_for_machines():
        run = trace.run
        named = {"run_key": run.run_key, "as_of": run.as_of.isoformat(), "kind": run.kind}
        step_log(step=trace.step, **named).info(event, **told)


def _tell(context: Context, trace: Trace, kind: EventType, *, fault: str = "") -> None:
    at, run = context.now(), trace.run
    inputs, outputs = trace.datasets
    if kind == "COMPLETE":
        rows = trace.counts.get("rows", trace.counts.get("people"))
        outputs = [Dataset(one.name, one.version, one.columns, rows if len(outputs) == 1 else None) for one in outputs]
    else:
        # Columns are told once a run, when it has ended.
        inputs, outputs = ([Dataset(one.name, one.version) for one in each] for each in trace.datasets)
    event = Event(
        kind=kind,
        at=at,
        run_id=run_id(trace.scope, trace.step),
        job=trace.step,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        nominal=None if run is None else intake_cut_off(run.as_of),
        parent=None if run is None else (run_id(run.run_key, NIGHT), NIGHT),
        fault=fault,
    )
    path = layout.lineage(context.settings.home) / f"{at:%Y-%m}.jsonl"
    try:
        append_events(path, [event], producer=PRODUCER)
    except ChannelError as error:
        step_log(step=trace.step, scope=trace.scope).warning("lineage not written", exc_info=error)


def stage_of(context: Context, run: Run, step: str) -> Trace:
    """A stage of a night's run."""
    return Trace(step, run.run_key, of_stage(context, step, run=run), run)


Step = Callable[Concatenate[Context, Given], StepResult]


def traced_intake(step: str) -> Callable[[Step[Given]], Step[Given]]:
    """For a step over all deliveries that wait: each time it runs is a run of its own, named by its moment."""

    def wrap(did: Step[Given]) -> Step[Given]:
        @wraps(did)
        def told(context: Context, /, *given: Given.args, **named: Given.kwargs) -> StepResult:
            trace = Trace(step, f"{context.now().isoformat()}", of_intake(context, step))
            with traced(context, trace):
                result = did(context, *given, **named)
                trace.counts = result.counts
            return result

        return told

    return wrap


def traced_delivery(step: str) -> Callable[[Step[Given]], Step[Given]]:
    """For a step over one delivery, `delivery_id`: told only while it still waits for its verdict."""

    def wrap(did: Step[Given]) -> Step[Given]:
        @wraps(did)
        def told(context: Context, /, *given: Given.args, **named: Given.kwargs) -> StepResult:
            name = str(named.get("delivery_id"))
            delivery = get_delivery(context.ledger, name)
            if delivery is None or delivery.state != "received":
                return did(context, *given, **named)
            trace = Trace(step, name, of_delivery(context, delivery))
            with traced(context, trace):
                result = did(context, *given, **named)
                trace.counts = result.counts
            return result

        return told

    return wrap
